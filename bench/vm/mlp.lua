-- The nest of mlp.lir in Lua: doubles in tables (Lua has no f32), erf by the C library through a
-- polynomial, which the K loop makes negligible. Usage: mlp.lua M N K
local M, N, K = tonumber(arg[1]), tonumber(arg[2]), tonumber(arg[3])
local X, W, b, Y = {}, {}, {}, {}
for i = 0, M * K - 1 do X[i] = (i % 7) - 3 end
for i = 0, K * N - 1 do W[i] = ((i % 11) - 5) / 8 end
for j = 0, N - 1 do b[j] = j / N end

local exp = math.exp
local function gelu(x) -- Abramowitz and Stegun 7.1.26
  local z = (x < 0 and -x or x) * 0.7071067811865476
  local t = 1 / (1 + 0.3275911 * z)
  local e = 1 - ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t +
    0.254829592) * t * exp(-z * z)
  return 0.5 * x * (1 + (x < 0 and -e or e))
end

for i = 0, M - 1 do
  for j = 0, N - 1 do
    local acc = 0.0
    for k = 0, K - 1 do
      acc = acc + X[i * K + k] * W[k * N + j]
    end
    Y[i * N + j] = gelu(acc + b[j])
  end
end
