"""One subject or two."""

from dedupe.cohesion import cohesion, names

_PLANT = (
    "Norrvolt will build its second battery plant in northern Sweden, where chief executive Maja "
    "Lindqvist promised jobs and the county of Vasterbotten a permit for cooling water. The plant "
    "will ship battery cells by rail."
)
_PLANT_ON = (
    "Fishermen told the county that the plant warms the river, and Maja Lindqvist answered that "
    "Norrvolt will recycle its cooling water. Battery cells from Vasterbotten go to carmakers."
)
_BUSES = (
    "Drivers in Porto kept heaters running through the cold spell, and the operator ordered heat "
    "pumps for its electric fleet. Mayor Joana Prata promised chargers before spring arrives."
)


def test_a_story_goes_on_about_its_people_and_things() -> None:
    """The rest of a story coheres with its opening, a second story does not."""
    assert cohesion(_PLANT, _PLANT_ON) > 0
    assert cohesion(_PLANT, _BUSES) < -1


def test_stretches_without_words_tell_nothing() -> None:
    """No words on a side, or words too short to mean anything, leave it open."""
    assert cohesion("", _PLANT) == cohesion(_PLANT, "12 34") == cohesion("电池", "电池") == 0.0


def test_text_in_other_scripts_is_left_open() -> None:
    """Nothing was fitted on texts without Latin letters: neither one topic nor two."""
    one = "宁德时代周三宣布将在匈牙利建设第二座动力电池工厂"
    assert cohesion(one, "当地政府承诺提供税收优惠，同时要求企业遵守标准") == 0.0
    assert (
        cohesion("배터리 공장을 건설한다고 밝혔다 회사는", "정부는 보조금을 약속했다고 전했다")
        == 0.0
    )


def test_names_are_words_with_a_capital_inside_a_sentence() -> None:
    """The first word of a sentence tells nothing."""
    assert names("Norrvolt hired Maja Lindqvist of Umea. Then it rained.") == {
        "Maja", "Lindqvist", "Umea",
    }  # fmt: skip
