"""A run that is stopped and gone on with, several targets, and frames in groups."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch

from pipelines.checkpoint.errors import CheckpointRefused
from pipelines.matanyone import MatAnyoneModel, MatAnyoneNetwork, load_matanyone
from pipelines.matanyone.clip import MatAnyoneClip
from pipelines.matanyone.model import MatAnyoneModel as Model
from pipelines.matanyone.precision import Precision
from pipelines.matting.backend import ClipMatting, MattingModel
from reelfleet.contract.errors import InputUnreadable, InvalidConfig
from tests.unit.pipelines.matanyone import clips

HEIGHT, WIDTH, FRAMES = 36, 44, 28
"""Frames enough for a full memory whose oldest frame leaves it twice."""
OPTIONS = {"parity": {"warmup": 1, "precision": "parity"}, "fast": {"warmup": 1, "precision": "fast"}}


def frames(count: int = FRAMES) -> list[np.ndarray]:
    return [clips.frame(t, HEIGHT, WIDTH) for t in range(count)]


def masks(targets: int = 1) -> np.ndarray:
    """The disc, and for more targets bands of the picture."""
    bands = [np.zeros((HEIGHT, WIDTH), np.uint8) for _ in range(targets - 1)]
    for index, band in enumerate(bands):
        band[10 * index : 10 * index + 12] = 255
    return np.stack([clips.mask(HEIGHT, WIDTH), *bands])


def whole(clip: MatAnyoneClip, pictures: Sequence[np.ndarray], given: np.ndarray, batch: int = 1) -> list[np.ndarray]:
    alphas = [clip.begin(pictures[0], given)]
    for start in range(1, len(pictures), batch):
        alphas += clip.advance(pictures[start : start + batch])
    return alphas


@pytest.fixture(scope="module")
def model(network: MatAnyoneNetwork) -> MatAnyoneModel:
    return Model(network, batch=1)


@pytest.fixture(scope="module", params=["parity", "fast"])
def precision(request: pytest.FixtureRequest) -> Precision:
    return request.param


@pytest.fixture(scope="module")
def uninterrupted(model: MatAnyoneModel, precision: Precision) -> list[np.ndarray]:
    torch.set_num_threads(1)
    return whole(model.start(**OPTIONS[precision]), frames(), masks())


@pytest.fixture(scope="module")
def states(model: MatAnyoneModel, precision: Precision) -> list[dict[str, torch.Tensor]]:
    """The state after each frame of the same run."""
    torch.set_num_threads(1)
    clip = model.start(**OPTIONS[precision])
    clip.begin(frames()[0], masks())
    taken = [clip.state()]
    for frame in frames()[1:]:
        clip.advance([frame])
        taken.append(clip.state())
    return taken


def test_the_model_offers_what_a_matting_backend_offers(model: MatAnyoneModel):
    backend: MattingModel = model

    clip: ClipMatting = backend.start(warmup=0, precision="parity")

    assert clip.begin(frames()[0], masks()).shape == (1, HEIGHT, WIDTH)
    assert backend.batch == 1
    assert backend.fingerprint() == {"dtype": "torch.float32", "batch": "1", "compiled": "False"}


def test_going_on_from_the_state_after_any_frame_gives_the_same_bits(
    model: MatAnyoneModel, precision: Precision, uninterrupted: list[np.ndarray], states: list[dict[str, torch.Tensor]]
):
    # When each next frame is matted by a run that knows nothing but the state
    resumed = [model.resume(states[t], **OPTIONS[precision]).advance([frames()[t + 1]])[0] for t in range(FRAMES - 1)]

    assert [t for t in range(FRAMES - 1) if not np.array_equal(resumed[t], uninterrupted[t + 1])] == []


@pytest.mark.parametrize("stopped_after", [0, 4, 21])
def test_a_freshly_loaded_network_goes_on_with_the_same_bits_to_the_end(
    weights: dict[str, torch.Tensor],
    uninterrupted: list[np.ndarray],
    states: list[dict[str, torch.Tensor]],
    precision: Precision,
    stopped_after: int,
):
    clip = load_matanyone(weights).resume(states[stopped_after], **OPTIONS[precision])

    rest = [clip.advance([frame])[0] for frame in frames()[stopped_after + 1 :]]

    assert np.array_equal(np.stack(rest), np.stack(uninterrupted[stopped_after + 1 :]))


def test_the_state_does_not_grow_once_the_memory_is_full(states: list[dict[str, torch.Tensor]]):
    sizes = [sum(tensor.nbytes for tensor in state.values()) for state in states]

    assert sizes[20] == sizes[27]
    assert sizes[0] < sizes[20]


def test_a_state_is_a_copy_that_the_run_does_not_touch(model: MatAnyoneModel):
    clip = model.start(warmup=0, precision="parity")
    clip.begin(frames()[0], masks())
    state = clip.state()
    before = {name: tensor.clone() for name, tensor in state.items()}

    whole_rest = [clip.advance([frame]) for frame in frames(7)[1:]]

    assert len(whole_rest) == 6
    assert all(torch.equal(state[name], before[name]) for name in before)
    assert all(tensor.is_contiguous() and tensor.device.type == "cpu" for tensor in state.values())


def damaged(state: dict[str, torch.Tensor], how: str) -> dict[str, torch.Tensor]:
    state = {name: tensor.clone() for name, tensor in state.items()}
    if how == "a name is missing":
        del state["objects"]
    elif how == "another dtype":
        state["value"] = state["value"].half()
    elif how == "another shape":
        state["memory.values"] = state["memory.values"][:, :1]
    elif how == "not finite":
        state["sensory"][0, 0, 0, 0] = torch.nan
    elif how == "impossible counts":
        state["counters"][3] += 5
    elif how == "no target":
        state = {
            name: tensor[:0] if name in ("sensory", "value", "alpha16", "objects", "memory.values") else tensor
            for name, tensor in state.items()
        }
    return state


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("a name is missing", r"has no \['objects'\]"),
        ("another dtype", "value is torch.float16"),
        ("another shape", "memory.values is"),
        ("not finite", "sensory holds numbers that are not finite"),
        ("impossible counts", "counts what cannot be"),
        ("no target", "sensory is"),
    ],
)
def test_a_state_that_is_not_one_is_refused(model: MatAnyoneModel, how: str, said: str):
    clip = model.start(warmup=0, precision="parity")
    clip.begin(frames()[0], masks())
    whole_rest = [clip.advance([frame]) for frame in frames(6)[1:]]
    state = damaged(clip.state(), how)

    assert len(whole_rest) == 5
    with pytest.raises(CheckpointRefused, match=said):
        model.resume(state, warmup=0, precision="parity")


def test_the_state_of_another_precision_is_refused(model: MatAnyoneModel):
    clip = model.start(warmup=0, precision="fast")
    clip.begin(frames()[0], masks())

    with pytest.raises(CheckpointRefused, match=r"value is torch\.bfloat16"):
        model.resume(clip.state(), warmup=0, precision="parity")


def test_targets_that_are_matted_together_get_the_alphas_that_each_gets_alone(model: MatAnyoneModel):
    # Given three targets
    given = masks(3)

    together = np.stack(whole(model.start(warmup=0, precision="parity"), frames(12), given))
    alone = [np.stack(whole(model.start(warmup=0, precision="parity"), frames(12), given[k : k + 1])) for k in range(3)]

    # Then each of them is as if it were the only one, and they are not alike
    assert np.array_equal(together, np.concatenate(alone, axis=1))
    assert np.abs(together[:, 0] - together[:, 1]).max() > 0.01


def test_the_image_is_encoded_once_for_all_targets(model: MatAnyoneModel, monkeypatch: pytest.MonkeyPatch):
    encoded = []
    original = model.network.encode
    monkeypatch.setattr(model.network, "encode", lambda images: encoded.append(len(images)) or original(images))

    whole(model.start(warmup=0, precision="parity"), frames(3), masks(3))

    assert encoded == [1, 1, 1]


def test_a_run_of_several_targets_goes_on_with_the_same_bits(model: MatAnyoneModel):
    # Given two targets, stopped after eight frames
    alphas = whole(model.start(warmup=0, precision="parity"), frames(10), masks(2))
    stopped = model.start(warmup=0, precision="parity")
    whole(stopped, frames(8), masks(2))

    resumed = model.resume(stopped.state(), warmup=0, precision="parity")

    assert np.array_equal(resumed.advance([frames()[8]])[0], alphas[8])


def test_frames_that_are_encoded_together_get_the_alphas_that_they_get_one_by_one(model: MatAnyoneModel):
    one_by_one = whole(model.start(warmup=0, precision="parity"), frames(12), masks())

    in_groups = whole(model.start(warmup=0, precision="parity"), frames(12), masks(), batch=4)

    assert np.abs(np.stack(in_groups) - np.stack(one_by_one)).max() <= 1e-5


def test_groups_of_frames_go_on_with_the_same_bits(model: MatAnyoneModel):
    # Given groups of three frames, stopped between the second and the third group
    pictures = frames(10)
    alphas = whole(model.start(warmup=0, precision="parity"), pictures, masks(), batch=3)
    stopped = model.start(warmup=0, precision="parity")
    whole(stopped, pictures[:7], masks(), batch=3)

    rest = model.resume(stopped.state(), warmup=0, precision="parity").advance(pictures[7:])

    assert np.array_equal(np.stack(rest), np.stack(alphas[7:]))


def test_a_frame_of_another_size_is_named_by_its_place(model: MatAnyoneModel):
    clip = model.start(warmup=0, precision="parity")
    clip.begin(frames()[0], masks())
    clip.advance([frames()[1]])

    with pytest.raises(InputUnreadable, match="frame 2 is"):
        clip.advance([clips.frame(2, HEIGHT, WIDTH + 1)])


def test_no_masks_are_refused(model: MatAnyoneModel):
    with pytest.raises(InputUnreadable, match="no mask"):
        model.start(warmup=0, precision="parity").begin(frames()[0], masks()[:0])


def test_a_clip_that_has_not_begun_cannot_go_on(model: MatAnyoneModel):
    clip = model.start(warmup=0, precision="parity")

    with pytest.raises(RuntimeError, match="call begin first"):
        clip.advance(frames(1))


def test_a_batch_of_no_frame_is_refused(weights: dict[str, torch.Tensor]):
    with pytest.raises(InvalidConfig, match="batch is 0"):
        load_matanyone(weights, batch=0)
