"""Print whether the pocket pool is a worthwhile routing problem, and its LLMs one by one.

    python -m scripts.report_pocket

Takes about a minute.
"""

from uniroute.datasets import load_pocket, pocket_llms
from uniroute.pocket.report import pool_report


def main():
    """Print a line for each LLM, then one for each demand."""
    data, llms = load_pocket(), pocket_llms()
    print(f"{'LLM':<16} {'group':<18} {'skills':<9} {'parameters':>10} {'cost':>8} {'right':>6}")
    for llm, cost, losses in zip(llms, data.costs, data.losses.T, strict=True):
        right = 1 - losses.mean()
        shape = f"{llm.name:<16} {llm.group:<18} {llm.skills:<9} {llm.params:>10,}"
        print(f"{shape} {cost:>8.3f} {right:>6.3f}")
    print(f"costs in {data.cost_unit}\n")
    for what, value, wanted in pool_report(data, llms):
        print(f"{what:<30} {value:>9.3f}   {wanted}")


if __name__ == "__main__":
    main()
