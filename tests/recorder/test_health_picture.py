"""What is wrong with a camera's picture, and nothing wrong with a living one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFilter

from hattama.demo.picture import Picture
from recorder.health.picture import PictureWatch
from recorder.health.picture_facts import Grey, PictureFacts, measure, thinned

BEGIN = datetime(2026, 11, 23, 9, tzinfo=UTC)


def scene(seconds: int, view: str = "room") -> list[Image.Image]:
    """The demo's courtroom, a picture a second."""
    picture = Picture(view, "Court")
    return [picture.frame(second * 25, BEGIN + timedelta(seconds=second)) for second in range(seconds)]


def grey(image: Image.Image) -> Grey:
    return thinned(np.asarray(image.convert("L")))


def codes_over(pictures: Iterable[Grey]) -> list[set[str]]:
    """What the watch says after each picture, one a second."""
    watch, said, before = PictureWatch(), [], None
    for second, picture in enumerate(pictures):
        watch.picture("cam", measure(picture, before), float(second))
        before = picture
        said.append({code for code, _ in watch.look(second + 0.5)})
    return said


@pytest.mark.parametrize("view", ["room", "bench"])
def test_a_living_picture_is_no_fault(view: str) -> None:
    assert set().union(*codes_over(grey(image) for image in scene(20, view))) == set()


@settings(max_examples=10, deadline=None)
@given(light=st.floats(0.25, 1.3), sigma=st.floats(1.0, 12.0), seed=st.integers(0, 10**6))
def test_a_dim_bright_or_noisy_picture_is_no_fault(light: float, sigma: float, seed: int) -> None:
    """A room where nobody moves: the sensor's own noise shows that the picture lives."""
    chance, still = np.random.default_rng(seed), np.asarray(scene(1)[0].convert("L"), np.float64) * light
    pictures = (np.clip(still + chance.normal(0, sigma, still.shape), 0, 255).astype(np.uint8) for _ in range(10))
    assert set().union(*codes_over(pictures)) == set()


def faulty(code: str, wrong: list[Grey]) -> None:
    """It lives for 8 s, is wrong for 12 s and lives again."""
    living = [grey(image) for image in scene(28)]
    said = codes_over([*living[:8], *wrong[:12], *living[20:]])
    found = [second for second, codes in enumerate(said) if code in codes]
    assert 8 < found[0] <= 8 + 8, "within 10 s"
    assert found[-1] <= 21, "gone when its cause is gone"
    assert set().union(*said) == {code}


def test_a_black_picture() -> None:
    chance = np.random.default_rng(1)
    faulty("picture-black", [chance.integers(0, 6, (360, 640), np.uint8) for _ in range(12)])


def test_a_frozen_picture() -> None:
    faulty("picture-frozen", [grey(scene(8)[-1])] * 12)


def test_a_picture_out_of_focus() -> None:
    faulty("picture-blurred", [grey(image.filter(ImageFilter.GaussianBlur(5))) for image in scene(12)])


def test_a_covered_lens() -> None:
    """A cloth with light behind it: no edge anywhere, and noise."""
    chance = np.random.default_rng(2)
    faulty("picture-blurred", [np.clip(chance.normal(120, 4, (360, 640)), 0, 255).astype(np.uint8) for _ in range(12)])


def test_another_size_is_another_picture() -> None:
    assert measure(np.zeros((90, 160), np.uint8), np.zeros((180, 320), np.uint8)).changed_pm is None
    assert thinned(np.zeros((1080, 1920), np.uint8)).shape == (360, 640)
    assert thinned(np.zeros((2160, 3840), np.uint8)).shape == (360, 640)


def test_a_closed_camera_says_nothing() -> None:
    watch = PictureWatch()
    for second in range(10):
        watch.picture("cam", PictureFacts(mean=0, bright=0, edges=0, changed_pm=0), second)
    assert [code for code, _ in watch.look(10)] == ["picture-black"]
    watch.forget()
    assert watch.look(10) == {}
