"""The AFLOW prototypes."""

from xsearch.builders.aflow import AflowSource, process_aflow
from xsearch.builders.material import complete


def test_ids_are_unique_and_materials_say_where_they_come_from() -> None:
    items = list(AflowSource().items())
    assert len({item.item_id for item in items}) == len(items) == 288
    cinnabar = process_aflow(items[0])
    assert (cinnabar.name, cinnabar.reduced_formula) == ("Cinnabar", "HgS")
    assert cinnabar.reference.startswith("P. Auvray, F. Genet (1973) Bulletin")
    assert cinnabar.properties["prototype"] == "AB_hP6_154_a_b"


def test_space_groups_are_those_of_the_labels(prototypes) -> None:
    right = 0
    for item in prototypes:
        stated = int(item.item_id.split("_")[2].split(".")[0])
        right += complete(process_aflow(item))[0].space_group == stated
    assert right >= 0.93 * len(prototypes)
