"""U-Nets in PyTorch on the CPU, timed on request. bench/peers/torch.ts starts this and interleaves it with other runners.

The argument is a JSON list of networks: image [height, width, channels], base, multipliers, blocks, attention (heights), heads,
groups, batch. The first line of output describes PyTorch and the networks. Then each line of input, {"network": 0, "task":
"forward" | "step" | "memory", "threads": 1, "layout": "contiguous" | "channels_last"}, is answered by {"milliseconds": 1.5}, or
by {"bytes": 1} for the memory of the process that a first step takes.
"""

import json
import math
import resource
import sys
import time

import torch
from torch import nn
from torch.nn import functional as F


def conv3(inputs, outputs, stride=1):
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1)


class ResidualBlock(nn.Module):
    """x [B, C, H, W] and an embedding [B, E], its SiLU applied, to [B, D, H, W]."""

    def __init__(self, inputs, outputs, embedding, groups):
        super().__init__()
        self.norm1 = nn.GroupNorm(groups, inputs)
        self.conv1 = conv3(inputs, outputs)
        self.projection = nn.Linear(embedding, outputs)
        self.norm2 = nn.GroupNorm(groups, outputs)
        self.conv2 = conv3(outputs, outputs)
        self.skip = nn.Identity() if inputs == outputs else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x, embedding):
        h = self.conv1(F.silu(self.norm1(x)))
        h = h + self.projection(embedding)[:, :, None, None]
        return self.skip(x) + self.conv2(F.silu(self.norm2(h)))


class Attention(nn.Module):
    """Attention between all pixels, added to x [B, C, H, W]."""

    def __init__(self, channels, heads, groups):
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(groups, channels)
        self.qkv = nn.Conv2d(channels, 3 * channels, 1)
        self.output = nn.Conv2d(channels, channels, 1)

    def forward(self, x):
        batch, channels, height, width = x.shape
        size = channels // self.heads
        qkv = self.qkv(self.norm(x)).reshape(batch, 3, self.heads, size, height * width)
        q, k, v = qkv.mT.unbind(1)  # [B, heads, N, size]
        mixed = F.scaled_dot_product_attention(q, k, v)  # faster here than products and a softmax
        return x + self.output(mixed.mT.reshape(batch, channels, height, width))


class Block(nn.Module):
    """A residual block with attention after it, or not."""

    def __init__(self, inputs, outputs, config, attends):
        super().__init__()
        self.residual = ResidualBlock(inputs, outputs, 4 * config["base"], config["groups"])
        self.attention = Attention(outputs, config["heads"], config["groups"]) if attends else nn.Identity()

    def forward(self, x, embedding):
        return self.attention(self.residual(x, embedding))


class Level(nn.Module):
    """A resolution, and all lower ones inside it."""

    def __init__(self, config, level, inputs):
        super().__init__()
        base, multipliers, blocks = config["base"], config["multipliers"], config["blocks"]
        channels = base * multipliers[level]
        attends = config["image"][0] // 2**level in config["attention"]
        skips = [inputs] + [channels] * blocks
        self.down = nn.ModuleList(Block(skip, channels, config, attends) for skip in skips[:-1])
        if level + 1 < len(multipliers):
            below = base * multipliers[level + 1]
            self.inner = nn.ModuleList([conv3(channels, channels, 2), Level(config, level + 1, channels), conv3(below, below)])
        else:
            below = channels
            residual = lambda: ResidualBlock(channels, channels, 4 * base, config["groups"])
            self.inner = nn.ModuleList([residual(), Attention(channels, config["heads"], config["groups"]), residual()])
        self.bottom = level + 1 == len(multipliers)
        widths = [below] + [channels] * blocks
        self.up = nn.ModuleList(Block(w + s, channels, config, attends) for w, s in zip(widths, reversed(skips)))

    def forward(self, x, embedding):
        skips = [x]
        for block in self.down:
            skips.append(block(skips[-1], embedding))
        before, between, after = self.inner
        if self.bottom:
            h = after(between(before(skips[-1], embedding)), embedding)
        else:
            h = after(F.interpolate(between(before(skips[-1]), embedding), scale_factor=2.0, mode="nearest"))
        for block in self.up:
            h = block(torch.cat([h, skips.pop()], 1), embedding)
        return h


class UNet(nn.Module):
    """x [B, C, H, W] and timesteps [B] to [B, C, H, W]."""

    def __init__(self, config):
        super().__init__()
        base, channels = config["base"], config["image"][2]
        last = base * config["multipliers"][0]
        half = base // 2
        self.register_buffer("frequencies", torch.exp(-math.log(10000) * torch.arange(half) / (half - 1)))
        self.time = nn.Sequential(nn.Linear(base, 4 * base), nn.SiLU(), nn.Linear(4 * base, 4 * base))
        self.first = conv3(channels, base)
        self.levels = Level(config, 0, base)
        self.norm = nn.GroupNorm(config["groups"], last)
        self.last = conv3(last, channels)

    def forward(self, x, t):
        angles = t[:, None] * self.frequencies
        embedding = F.silu(self.time(torch.cat([angles.sin(), angles.cos()], 1)))
        return self.last(F.silu(self.norm(self.levels(self.first(x), embedding))))


class Runner:
    """A network in one memory layout, with its batch and its optimizer."""

    def __init__(self, config, layout):
        height, width, channels = config["image"]
        batch = config["batch"]
        memory_format = torch.channels_last if layout == "channels_last" else torch.contiguous_format
        self.model = UNet(config).to(memory_format=memory_format)
        self.x = torch.randn(batch, channels, height, width).to(memory_format=memory_format)
        self.t = torch.randint(0, 1000, (batch,))
        self.optimizer = torch.optim.Adam(self.model.parameters(), 1e-4)

    def forward(self):
        with torch.no_grad():
            return self.model(self.x, self.t)

    def step(self):
        loss = F.mse_loss(self.model(self.x, self.t), self.x)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        return loss.item()


def peak_bytes():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def blas():
    """The BLAS libraries that are loaded."""
    with open("/proc/self/maps") as maps:
        files = {line.split()[-1] for line in maps if "blas" in line}
    return sorted({file.split("/")[-2] for file in files if "/" in file})


def main():
    configs = json.loads(sys.argv[1])
    torch.manual_seed(1)
    torch.randn(64, 64) @ torch.randn(64, 64)  # loads BLAS
    runners = {}

    def runner(network, layout):
        if (network, layout) not in runners:
            runners[network, layout] = Runner(configs[network], layout)
        return runners[network, layout]

    with torch.device("meta"):  # without memory
        counts = [sum(p.numel() for p in UNet(config).parameters()) for config in configs]

    def say(answer):
        print(json.dumps(answer), flush=True)

    say({"version": torch.__version__, "blas": blas(), "parameters": counts})
    for line in sys.stdin:
        request = json.loads(line)
        torch.set_num_threads(request["threads"])
        before = peak_bytes()
        run = runner(request["network"], request["layout"])
        if request["task"] == "memory":
            run.step()
            say({"bytes": peak_bytes() - before})
            continue
        start = time.perf_counter()
        getattr(run, request["task"])()
        say({"milliseconds": 1000 * (time.perf_counter() - start)})


main()
