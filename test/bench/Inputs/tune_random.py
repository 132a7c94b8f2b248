"""tune_random.py SPACE TABLE: is the row of random search in the table what it must be, within 4 standard errors?"""
import gzip, json, math, sys

with gzip.open(sys.argv[1]) as file:
    results = json.load(file)["results"]
costs = sorted(r["measurements"][0]["value"] if r["invalidity"] == "correct" else math.inf for r in results)
with open(sys.argv[2], encoding="utf-8") as file:
    words = next(line for line in file if line.startswith("random")).replace("±", "").split()


def expected(n):
    """The mean of best possible over best of n points drawn without putting back."""
    total, left, points = 0.0, 1.0, len(costs)  # left: that none of the best k is among them
    for k, cost in enumerate(costs[:points - n + 1]):
        next_left = left * (points - k - n) / (points - k)
        total += (left - next_left) * costs[0] / cost
        left = next_left
    return total


for i, n in enumerate((25, 50, 100)):
    mean, error = float(words[1 + 3 * i]), float(words[2 + 3 * i])
    close = abs(mean - expected(n)) <= 4 * error
    print("%d trials: %s" % (n, "as expected" if close else "%.4f ± %.4f, expected %.4f" % (mean, error, expected(n))))
