"""MatAnyone written down as plainly as its description reads: what the fast implementation is measured against.

A dictionary of tensors under their published names, functions in the order of the data, the matrix of all pairs of tokens for the memory read,
one frame at a time, one target, float32. It shares no code with ``pipelines.matanyone``. Sources: MatAnyone (arXiv 2501.14677),
Cutie (arXiv 2310.12982), XMem (arXiv 2207.07115).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812 - the field's usual name

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Baseline:
    """One run through one clip."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        self.w = {name: tensor.float() for name, tensor in weights.items()}
        self.memory: list[tuple[Tensor, Tensor, Tensor]] = []
        self.time = 0

    @torch.no_grad()
    def matte(self, frames: Iterable[Tensor], mask: Tensor, *, warmup: int) -> Iterator[Tensor]:
        """Yield alphas (H, W) of frames (3, H, W) in [0, 1], H and W multiples of 16, from a mask (H, W) in [0, 1] of the first one."""
        for index, frame in enumerate(frames):
            image = (frame[None] - torch.tensor(MEAN).view(1, 3, 1, 1)) / torch.tensor(STD).view(1, 3, 1, 1)
            if index == 0:
                self.encode(image)
                self.sensory = torch.zeros_like(self.pix_feat)
                self.objects = torch.zeros(1, 16, 257)
                self.remember(mask[None, None], first=True)
                for _ in range(warmup + 1):
                    alpha = self.decode(self.value)
                    self.remember(alpha, first=True)
            else:
                previous = self.pix_feat
                self.encode(image)
                self.time += 1
                alpha = self.decode(self.read(previous))
                self.remember(alpha, first=False)
            yield alpha[0, 0]

    def conv(self, name: str, x: Tensor, stride: int = 1) -> Tensor:
        """Convolve with the padding that keeps sizes."""
        weight = self.w[f"{name}.weight"]
        return F.conv2d(x, weight, self.w.get(f"{name}.bias"), stride, weight.shape[-1] // 2)

    def norm(self, name: str, x: Tensor) -> Tensor:
        """Normalise by the statistics of training."""
        w = self.w
        return F.batch_norm(x, w[f"{name}.running_mean"], w[f"{name}.running_var"], w[f"{name}.weight"], w[f"{name}.bias"])

    def linear(self, name: str, x: Tensor) -> Tensor:
        """Apply a linear layer."""
        return F.linear(x, self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def residual(self, name: str, x: Tensor, stride: int, convolutions: int) -> Tensor:
        """Apply a block of a residual network with two or three convolutions."""
        y = x
        for i in range(1, convolutions + 1):
            strided = i == (2 if convolutions == 3 else 1)
            y = self.norm(f"{name}.bn{i}", self.conv(f"{name}.conv{i}", y, stride if strided else 1))
            y = torch.relu(y) if i < convolutions else y
        if f"{name}.downsample.0.weight" in self.w:
            x = self.norm(f"{name}.downsample.1", self.conv(f"{name}.downsample.0", x, stride))
        return torch.relu(y + x)

    def stage(self, name: str, x: Tensor, blocks: int, stride: int, convolutions: int) -> Tensor:
        """Apply a stage of a residual network."""
        for i in range(blocks):
            x = self.residual(f"{name}.{i}", x, stride if i == 0 else 1, convolutions)
        return x

    def encode(self, image: Tensor) -> None:
        """Compute all that the image says."""
        self.f1 = image
        self.f2 = torch.relu(self.norm("pixel_encoder.bn1", self.conv("pixel_encoder.conv1", image, 2)))
        self.f4 = self.stage("pixel_encoder.res2", F.max_pool2d(self.f2, 3, 2, 1), 3, 1, 3)
        self.f8 = self.stage("pixel_encoder.layer2", self.f4, 4, 2, 3)
        f16 = self.stage("pixel_encoder.layer3", self.f8, 6, 2, 3)
        self.pix_feat = self.conv("pix_feat_proj", f16)
        z = self.conv("key_proj.pix_feat_proj", f16)
        self.key = self.conv("key_proj.key_proj", z)
        self.shrinkage = self.conv("key_proj.d_proj", z) ** 2 + 1
        self.selection = torch.sigmoid(self.conv("key_proj.e_proj", z))

    def gated(self, name: str, x: Tensor) -> Tensor:
        """Apply a residual block whose channels are weighted."""
        y = self.conv(f"{name}.conv2", torch.relu(self.conv(f"{name}.conv1", torch.relu(x))))
        gate = torch.sigmoid(F.conv1d(y.mean(dim=(2, 3))[:, None], self.w[f"{name}.conv.weight"], padding=2))
        return y * gate[:, 0, :, None, None] + x

    def fuse(self, name: str, x: Tensor, g: Tensor) -> Tensor:
        """Mix features of the image with those of the subject."""
        y = self.conv(f"{name}.distributor.x_transform", x) + self.conv(f"{name}.distributor.g_transform", g)
        return self.gated(f"{name}.block2", self.gated(f"{name}.block1", y))

    def gru(self, name: str, g: Tensor, sensory: Tensor) -> Tensor:
        """Update the sensory state."""
        forget, update, new = self.conv(f"{name}.transform", torch.cat([g, sensory], dim=1)).chunk(3, dim=1)
        forget, update, new = torch.sigmoid(forget), torch.sigmoid(update), torch.tanh(new)
        return forget * sensory * (1 - update) + update * new

    def remember(self, alpha: Tensor, *, first: bool) -> None:
        """Encode the alpha; memorise the first frame and every fifth."""
        x = torch.relu(self.norm("mask_encoder.bn1", self.conv("mask_encoder.conv1", torch.cat([self.f1, alpha], dim=1), 2)))
        x = F.max_pool2d(x, 3, 2, 1)
        for i, stride in enumerate((1, 2, 2), start=1):
            x = self.stage(f"mask_encoder.layer{i}", x, 2, stride, 2)
        self.value = self.fuse("mask_encoder.fuser", self.pix_feat, x)
        self.alpha16 = F.avg_pool2d(alpha, 16)
        if first:
            self.memory, self.objects, self.time = [], torch.zeros(1, 16, 257), 0
        if self.time % 5 == 0:
            self.sensory = self.gru("mask_encoder.sensory_update", self.value, self.sensory)
            self.objects = self.objects + self.summarise()
            if len(self.memory) == 5:
                del self.memory[1]
            self.memory.append((self.key, self.shrinkage, self.value))

    def positions(self, height: int, width: int) -> Tensor:
        """Return where each token is, (1, h * w, 256)."""
        frequencies = 1 / 128 ** (torch.arange(0, 128, 2) / 128)
        axes = []
        for count in (width, height):
            angles = (torch.arange(count) / (count - 1 + 1e-6) * 32)[:, None] * frequencies
            axes.append(torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(1))
        columns, rows = axes
        return torch.cat([columns.expand(height, -1, -1), rows[:, None].expand(-1, width, -1)], dim=-1).flatten(0, 1)[None]

    def summarise(self) -> Tensor:
        """Pool the value into sixteen vectors and their areas."""
        p = "object_summarizer"
        x = self.linear(f"{p}.input_proj", self.value.flatten(2).mT) + self.positions(*self.value.shape[-2:])
        subject = self.alpha16.flatten(2).mT
        region = torch.cat([subject.expand(-1, -1, 8), 1 - subject.expand(-1, -1, 8)], dim=-1)
        feature = self.linear(f"{p}.feature_pred.2", torch.relu(self.linear(f"{p}.feature_pred.0", x)))
        weight = torch.sigmoid(self.linear(f"{p}.weights_pred.2", torch.relu(self.linear(f"{p}.weights_pred.0", x)))) * region
        return torch.cat([weight.mT @ feature, weight.sum(dim=1)[..., None]], dim=-1)

    def read(self, previous: Tensor) -> Tensor:
        """Read the memory, and keep the last value where nothing changed."""
        keys, shrinkages, values = (torch.cat([slot[i].flatten(2) for slot in self.memory], dim=2)[0] for i in range(3))
        read = dense_read(keys, shrinkages, values, self.key[0].flatten(1), self.selection[0].flatten(1)).view_as(self.value)
        x = torch.cat([previous, self.pix_feat, self.alpha16, read - self.value], dim=1)
        x = torch.relu(self.norm("temp_sparity.bn1", self.conv("temp_sparity.conv1x1_v2", x)))
        x = torch.relu(self.norm("temp_sparity.bn2", self.conv("temp_sparity.conv3x3", x)))
        change = torch.sigmoid(self.conv("temp_sparity.conv3x3_out", x))
        return change * read + (1 - change) * self.value

    def attend(self, name: str, query: Tensor, key: Tensor, value: Tensor, blocked: Tensor | None = None) -> Tensor:
        """Attend with eight heads."""
        weights, biases = self.w[f"{name}.in_proj_weight"].chunk(3), self.w[f"{name}.in_proj_bias"].chunk(3)
        q, k, v = (
            torch.unflatten(F.linear(x, weight, bias), -1, (8, 32)).transpose(1, 2)
            for x, weight, bias in zip((query, key, value), weights, biases, strict=True)
        )
        scores = q @ k.mT / math.sqrt(32)
        if blocked is not None:
            scores = scores.masked_fill(blocked[:, None], -math.inf)
        return self.linear(f"{name}.out_proj", (scores.softmax(dim=-1) @ v).transpose(1, 2).flatten(2))

    def layer_norm(self, name: str, x: Tensor) -> Tensor:
        """Normalise each token."""
        return F.layer_norm(x, (256,), self.w[f"{name}.weight"], self.w[f"{name}.bias"])

    def transform(self, fused: Tensor) -> Tensor:
        """Let what is known of the subject reach every pixel."""
        p, size = "object_transformer", fused.shape[-2:]
        values = self.objects[..., :256] / (self.objects[..., 256:] + 1e-4)
        query = self.w[f"{p}.query_init.weight"] + self.linear(f"{p}.summary_to_query_init", values)
        query_pe = self.w[f"{p}.query_emb.weight"] + self.linear(f"{p}.summary_to_query_emb", values)
        pixel = self.conv(f"{p}.pixel_init_proj", fused).flatten(2).mT
        pixel_pe = self.positions(*size) + self.conv(f"{p}.pixel_emb_proj", fused).flatten(2).mT
        for i in range(3):
            b = f"{p}.blocks.{i}"
            subject = self.conv(f"{p}.mask_pred.{i}.1", torch.relu(as_map(pixel, size))).flatten(2) >= 0
            blocked = torch.cat([~subject, subject], dim=1)
            blocked = (blocked & ~blocked.all(dim=-1, keepdim=True)).repeat_interleave(8, dim=1)
            x = self.layer_norm(f"{b}.read_from_pixel.norm", query)
            query = x + self.attend(f"{b}.read_from_pixel.cross_attn", x + query_pe, pixel + pixel_pe, pixel, blocked)
            x = self.layer_norm(f"{b}.self_attn.norm", query)
            query = x + self.attend(f"{b}.self_attn.self_attn", x + query_pe, x + query_pe, x)
            x = torch.relu(self.linear(f"{b}.ffn.linear1", self.layer_norm(f"{b}.ffn.norm", query)))
            query = query + self.linear(f"{b}.ffn.linear2", x)
            pixel = pixel + self.attend(f"{b}.read_from_query.cross_attn", pixel + pixel_pe, query + query_pe, query)
            pixel = self.gated(f"{b}.pixel_ffn.conv", as_map(pixel, size)).flatten(2).mT
        return as_map(pixel, size)

    def decode(self, readout: Tensor) -> Tensor:
        """Return the alpha (1, 1, H, W), and update the sensory state."""
        context = self.conv("pixel_fuser.sensory_compress", torch.cat([self.sensory, self.alpha16], dim=1))
        maps = [self.transform(self.fuse("pixel_fuser.fuser", self.pix_feat, readout + context))]
        p = "mask_decoder"
        for i, (name, skip) in enumerate(zip(("16_8", "8_4", "4_2", "2_1"), (self.f8, self.f4, self.f2, self.f1), strict=True)):
            x = F.interpolate(maps[-1], scale_factor=2, mode="bilinear") + self.conv(f"{p}.decoder_feat_proc.transforms.{i}", skip)
            b = f"{p}.up_{name}.out_conv"
            y = self.conv(f"{b}.conv2", torch.relu(self.conv(f"{b}.conv1", torch.relu(x))))
            maps.append(y + (self.conv(f"{b}.downsample", x) if f"{b}.downsample.weight" in self.w else x))
        raw = self.conv(f"{p}.pred_mat", torch.relu(maps[-1]))
        maps[-1] = torch.cat([maps[-1], raw], dim=1)
        names = [f"{p}.sensory_update.g{stride}_conv" for stride in (16, 8, 4, 2, 1)]
        seen = torch.stack([self.conv(name, F.avg_pool2d(x, 2**i)) for i, (name, x) in enumerate(zip(names, maps, strict=True))]).sum(dim=0)
        self.sensory = self.gru(f"{p}.sensory_update", seen, self.sensory)
        return raw.clamp(0, 1)


def as_map(tokens: Tensor, size: Sequence[int]) -> Tensor:
    """Return (1, C, h, w) of tokens (1, h * w, C)."""
    return tokens.mT.reshape(1, -1, *size)


def dense_read(keys: Tensor, shrinkages: Tensor, values: Tensor, key: Tensor, selection: Tensor) -> Tensor:
    """Return the readout (256, P) with the matrices of all N * P pairs of tokens.

    Args:
        keys: of the memory, (64, N).
        shrinkages: of the memory, (1, N).
        values: of the memory, (256, N).
        key: of the frame, (64, P).
        selection: of the frame, (64, P).
    """
    squares = (keys**2).mT @ selection
    products = 2 * keys.mT @ (key * selection)
    own = (selection * key**2).sum(dim=0, keepdim=True)
    similarity = (products - squares - own) * shrinkages.mT / 8
    best = similarity.topk(min(30, similarity.shape[0]), dim=0)
    affinity = torch.zeros_like(similarity).scatter_(0, best.indices, best.values.softmax(dim=0))
    return values @ affinity
