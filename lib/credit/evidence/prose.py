"""Numbers that prose must not hold: a measured one belongs into a claim, where data give it."""

import re

# What is taken out before looking: in these a number is a setting, a symbol or somebody else's.
EXEMPT = re.compile(
    r"""
    ^(```|~~~).*?^\1            # code blocks
    | <!--.*?-->                # comments
    | `[^`\n]*`                 # code: `rate 0.001`, `dropout 50 %`
    | \$\$.*?\$\$ | \$[^$\n]+\$  # equations
    | \[[^\]]*\]\([^)]*\)       # links: [1.45 %](https://arxiv.org/abs/1609.01596), its source
    | https?://\S+ | arXiv:\S+
    | \b(?:0|90|180)\s?(?:°|deg(?:rees?)?\b)  # geometry: aligned, unrelated, opposite
    | \b100\s?(?:%|per\s?cent\b)
    | \b95\s?%\s(?:confidence\s)?intervals?
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
NUMBER = r"\d+(?:[.,]\d+)*"
IN_WORDS = (
    "one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty "
    "sixty seventy eighty ninety hundred few half"
)
WORD = rf"(?:{'|'.join(IN_WORDS.split())})"
POINTS = r"(?:percentage[\s-])?points?"
RESULT = r"(?:errors?|accurac(?:y|ies)|angles?|loss(?:es)?|gaps?|correlations?|NSE|nMSE)"
LINKS = "of at is was are were ends? about near below above to from by reach(?:es|ed) falls? fell"
LINK = rf"(?:\s|:|=|,|\(|\b(?:{'|'.join(LINKS.split())})\b)"
# behind a whole number that is a result; any other word is what was counted: "of 100 examples"
REST = "after on in at for with to and or but against where when"
AFTER = rf"(?=\s*(?:$|[^\w\s.]|\.(?!\d))|\s(?:{'|'.join(REST.split())})\b)"
MEASURED = re.compile(
    rf"""
    (?<![\w.]){NUMBER}(?:\s?(?:%|°)|\s(?:per\s?cent|deg(?:rees?)?|{POINTS}|times|fold|hours?)\b)
    | (?<![\w.]){NUMBER}-(?:fold|degrees?|{POINTS})\b
    | \b{WORD}\s(?:a\s)?(?:per\s?cent|degrees?|{POINTS}|tenths?)\b
    | (?<![\w.])\d+\s(?:out\s)?of\s(?:the\s)?\d+\b
    | \b{WORD}\s(?:out\s)?of\s(?:the\s)?{WORD}\s(?:seeds|runs|nets|networks)\b
    | \bfactors?\sof\s(?:about\s)?(?:{NUMBER}|{WORD}\b)
    | \b(?:from|between)\s(?:\d+\.\d+\s(?:to|and)\s{NUMBER}|\d+\s(?:to|and)\s\d+\.\d+)
    | \bn\s=\s\d+
    | ±\s?\d[\d.]*
    | \b{RESULT}{LINK}+\d+\.\d+  # a decimal right behind a word of results
    | \b{RESULT}{LINK}+(?!(?:0|90|180)\b)\d{{1,3}}{AFTER}  # no year, nor an angle of geometry
    """,
    re.VERBOSE,
)


def typed_numbers(text: str) -> list[str]:
    """What looks like a measured number typed by hand, in Markdown: "5.9 %", "within 3 degrees".

    A number, in digits or words, with a unit of results (%, degrees, points, times), 4 of 5, n = 5,
    ± 0.1, a factor, decimals from one to another, or a number right behind a word such as error or
    angle. A published number is written as a link to its source, a setting as `code` or in an
    equation; both pass.
    """
    return [" ".join(found.group().split()) for found in MEASURED.finditer(EXEMPT.sub(" ", text))]
