"""Shared and partly empty sites in words."""

from xsearch.answers.site_disorder import SiteDisorder, with_error


def test_a_value_with_its_error_reads_as_in_a_cif() -> None:
    assert [with_error(*pair) for pair in ((0.62, 0.03), (0.6234, 0.0096), (0.62, 0.25), (0.7, 0.003))] == [
        "0.62(3)", "0.62(1)", "0.6(2)", "0.700(3)",
    ]  # fmt: skip


def test_what_scatters_alike_is_said_in_one_line() -> None:
    alike = SiteDisorder("mixed", ("Mn", "Fe"), "4a", (0.6, 0.4), 0.25)
    assert alike.caveat == "Mn and Fe scatter too alike for this pattern to tell their fractions."
    assert SiteDisorder("mixed", ("Mg", "Fe"), "4a", (0.6, 0.4), 0.02).caveat is None
