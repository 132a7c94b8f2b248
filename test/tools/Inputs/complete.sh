# complete.sh SCRIPT WORD…: what the completion function of the first word offers for the last, a line each.
# bash gives a function the words already cut at '='.
. "$1"; shift
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
spec=$(complete -p "$1")
function=${spec##*-F }
"${function%% *}"
printf '%s\n' "${COMPREPLY[@]}"
