"""Names of people, to learn a language model from."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["names", "words"]


def words() -> list[str]:
    """List common given names in the letters a to z, to learn a language model from.

    Example:
        >>> len(words()), words()[:3]
        (116, ['aaron', 'abigail', 'adam'])

    Source: lectures B5, B14.
    """
    return WORDS.split()


def names() -> list[str]:
    """List given names in the letters a to z, the most common first, to learn a language model from.

    They are those that at least one in 10 000 women, or as many men, bore in the United States in 1990.

    Example:
        >>> len(names()), names()[:3], names()[-1]
        (1555, ['james', 'john', 'robert'], 'wendi')

    Source: U.S. Census Bureau, Frequently Occurring Names from the 1990 Census (public domain).
    """
    return files("autograd_lite").joinpath("given_names.txt").read_text(encoding="utf-8").split()


WORDS: str = """
aaron abigail adam albert alexander alice amanda andrea andrew angela anna anthony ben beth brian bruce
carla carol catherine charles charlotte christina clara daniel david diana dorothy edward eli elizabeth
emily emma eva felix fiona george grace gregory hannah harold helen henry hugo ian isaac isabel jack jacob
james jane jason jessica john jonathan joseph joshua joyce judith julia karen katherine kevin laura leo liam
lily linda louis lucas lucy maria martha martin mary matthew maya michael mila nancy nathan nicholas nina
noah nora oliver olivia oscar pamela patrick paul peter rachel raymond rebecca richard robert rose ryan
samuel sara scott sofia stephen steven susan teresa thomas timothy tyler victor victoria vincent walter
wendy william zoe
"""
