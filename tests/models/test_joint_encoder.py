"""One encoder of both spectra, whatever is missing."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from xsearch.errors import XSearchError
from xsearch.models.absorber import SITE_CONTEXT
from xsearch.models.joint_encoder import (
    READING,
    SYSTEMS,
    JointEncoder,
    JointInput,
    composition_reading,
    load_joint_encoder,
    save_joint_encoder,
    shipped_heads,
)
from xsearch.models.property_composition import composition_features

HEADS = shipped_heads(("density_g_cm3", "is_metal"))


@pytest.fixture(scope="module")
def encoder() -> JointEncoder:
    torch.manual_seed(1)
    network = JointEncoder(HEADS).eval()
    for last in (network.system, network.properties):
        torch.nn.init.normal_(last.weight)
    return network


def given(count: int = 3, places: int = 2) -> JointInput:
    """Random spectra of some materials."""
    torch.manual_seed(0)
    unit = torch.nn.functional.normalize
    elements = torch.stack([torch.from_numpy(composition_features(["Fe", "O"]))] * count)
    return JointInput(
        unit(torch.randn(count, 192), dim=1), torch.randn(count, READING), torch.ones(count).bool(),
        unit(torch.randn(count, places, 64), dim=2), torch.ones(count, places).bool(),
        torch.rand(count, places, SITE_CONTEXT), *composition_reading(elements, HEADS),
    )  # fmt: skip


@torch.inference_mode()
def test_what_is_hidden_changes_nothing(encoder: JointEncoder) -> None:
    one = given()
    for hidden in ({"pattern": True}, {"edges": True}, {"edges": torch.tensor([[False, True]] * 3)}):
        seen = one.hidden(**hidden)
        noise = JointInput(*(torch.randn_like(x) if x.is_floating_point() else x for x in one.fields()))
        other = replace(noise.hidden(**hidden), composition=one.composition, answer=one.answer)
        for name in ("pattern", "reading", "edges", "context"):
            kept = getattr(seen, name), getattr(other, name)
            there = seen.has_edge[..., None] if name in ("edges", "context") else seen.has_pattern[:, None]
            other = replace(other, **{name: torch.where(there, *kept)})
        assert torch.allclose(encoder(seen)[0], encoder(other)[0], atol=1e-5)
        assert torch.allclose(encoder.vectors(seen), encoder.vectors(other), atol=1e-5)


@torch.inference_mode()
def test_edges_stand_in_no_order_and_the_vector_ignores_the_composition(encoder: JointEncoder) -> None:
    one = given()
    turned = replace(one, edges=one.edges.flip(1), context=one.context.flip(1), has_edge=one.has_edge.flip(1))
    assert torch.allclose(encoder(one)[0], encoder(turned)[0], atol=1e-5)
    assert torch.allclose(encoder.vectors(one), encoder.vectors(turned), atol=1e-5)
    unknown = replace(one, composition=torch.zeros_like(one.composition), answer=torch.zeros_like(one.answer))
    assert torch.equal(encoder.vectors(one), encoder.vectors(unknown))
    assert not torch.allclose(encoder(one)[0], encoder(unknown)[0], atol=1e-3)


@torch.inference_mode()
def test_without_any_training_each_answer_is_that_of_the_part_that_knows() -> None:
    one, fresh = given(), JointEncoder(HEADS).eval()
    logits, numbers, classes = fresh(one)
    assert torch.allclose(logits, one.reading[:, :SYSTEMS])
    assert torch.allclose(torch.cat([*numbers.values(), *classes.values()], 1), one.answer)


@torch.inference_mode()
def test_cosines_are_those_of_the_vectors_side_by_side_where_nothing_is_learned(encoder: JointEncoder) -> None:
    fresh = JointEncoder(HEADS).eval()
    fresh.part.fill_(-30.0)
    one = given(places=1)
    cosine = fresh.vectors(one) @ fresh.vectors(one).T
    expected = (one.pattern @ one.pattern.T + one.edges[:, 0] @ one.edges[:, 0].T) / 2
    assert torch.allclose(cosine, expected, atol=1e-5)
    alone = fresh.vectors(one.hidden(edges=True))
    assert torch.allclose(alone @ alone.T, one.pattern @ one.pattern.T, atol=1e-5)


@torch.inference_mode()
def test_weights_are_kept(encoder: JointEncoder, tmp_path: Path) -> None:
    save_joint_encoder(encoder, tmp_path)
    again = load_joint_encoder(tmp_path)
    assert torch.allclose(encoder(given())[0], again(given())[0], atol=0.05)
    assert again.heads_of == encoder.heads_of
    with pytest.raises(XSearchError, match="xsearch train joint"):
        load_joint_encoder(tmp_path / "nowhere")


def test_nothing_of_a_composition_tells_nothing() -> None:
    features = torch.from_numpy(composition_features(["Fe", "O"])) * torch.tensor([[1.0], [0.0]])
    hidden, answer = composition_reading(features, HEADS)
    assert hidden[0].any()
    assert not hidden[1].any()
    assert not answer[1].any()
