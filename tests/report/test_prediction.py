"""Predictions from an edge, shown."""

from tests.xas.test_prediction import titanium
from xsearch import report
from xsearch.xas.prediction import predict


def test_picture_shows_the_window_with_what_carried_the_answer(tmp_path) -> None:
    (found,) = predict([titanium(0.3, 0.3)])
    figure = report.plot(found, tmp_path / "cn.png", task="cn")
    low, high = figure.axes[0].get_xlim()
    assert abs(high - low - 56) < 1
    assert figure.axes[0].get_title().startswith("coordination number: ")
    assert (tmp_path / "cn.png").stat().st_size > 5000
