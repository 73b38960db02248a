"""The same network arranged for speed: what is at 64^3 is kept as 8 times the channels at 32^3.

Nothing is trained for it: the weights are those of model.py, the results the same but for rounding.  The eight
cells of a block are called phases.  Then the last layers are one 1x1x1 convolution (the up-sampling together with the maps of
similarity and the previous mask), a sum, a ReLU and a small product, without passes over 16 x 64^3 that only move data.
And 3^3 convolutions are 3^2 ones with three slices as channels, the slices being the batch: onnxruntime has fast
kernels for two dimensions, and none but a copy of every neighbourhood for three.

Features: features_64 [B,8*16,32,32,32] (phase, channel), features_levels [B,24+3,32,32,32] (channel, phase; then
their means over the block).
"""
import torch
import torch.nn.functional as F
from torch import nn

from model import tokens, volume


def to_blocks(c):
    """weights of a strided convolution that moves the cells of a block into channels (channel, phase)"""
    w = torch.zeros(c * 8, c, 2, 2, 2)
    for p in range(8):
        for i in range(c):
            w[i * 8 + p, i, p >> 2, p >> 1 & 1, p & 1] = 1
    return w


def up_weights(conv):
    """a 2^3 stride-2 transposed convolution as a 1^3 one to (phase, channel)"""
    w = conv.weight.detach()                                     # in, out, 2, 2, 2
    i, o = w.shape[:2]
    return w.reshape(i, o, 8).permute(2, 1, 0).reshape(8 * o, i, 1, 1, 1), conv.bias.detach().repeat(8)


class Flat(nn.Module):
    """a 3^3 convolution with padding 1 as a 3^2 one: [D,C,H,W] -> [D,O,H,W], slices as the batch"""

    def __init__(self, conv):
        super().__init__()
        w = conv.weight.detach()                                 # out, in, 3, 3, 3
        self.weight = nn.Parameter(w.permute(0, 2, 1, 3, 4).flatten(1, 2).contiguous())
        self.bias, self.stride = nn.Parameter(conv.bias.detach()), conv.stride[0]

    def forward(self, x):
        zero, t = torch.zeros_like(x[:1]), self.stride
        x = torch.cat([zero, x, zero])
        d = x.shape[0] - 2
        x = torch.cat([x[k:k + d:t] for k in range(3)], 1)
        return F.conv2d(x, self.weight, self.bias, self.stride, 1)


def slices(x):
    """[1,C,D,H,W] -> [D,C,H,W]"""
    return x[0].transpose(0, 1)


def solid(x):
    return x.transpose(0, 1)[None]


class Solid(Flat):
    def forward(self, x):
        return solid(super().forward(slices(x)))


class PackedResBlock(nn.Module):
    def __init__(self, block):
        super().__init__()
        self.n1, self.n2, self.c1, self.c2 = block.n1, block.n2, Solid(block.c1), Solid(block.c2)

    def forward(self, x):
        return x + self.c2(F.relu(self.n2(self.c1(F.relu(self.n1(x))))))


class PackedEncoder(nn.Module):
    def __init__(self, enc):
        super().__init__()
        self.e = enc
        lat = enc.lat64.weight.detach()[:, :, 0, 0, 0]
        o, i = lat.shape
        w = torch.zeros(8, o, i, 8)
        for p in range(8):
            w[p, :, :, p] = lat
        self.lat = nn.Parameter(w.reshape(8 * o, i, 2, 2, 2))
        up, bias = up_weights(enc.up64)
        self.up, self.bias = nn.Parameter(up), nn.Parameter(bias + enc.lat64.bias.detach().repeat(8))
        self.register_buffer("blocks", to_blocks(3))
        self.down32, self.down16, self.down8 = Solid(enc.down32), Solid(enc.down16), Solid(enc.down8)
        self.res32, self.res16 = (nn.Sequential(*map(PackedResBlock, r)) for r in (enc.res32, enc.res16))
        self.mix16, self.mix32 = PackedResBlock(enc.mix16), PackedResBlock(enc.mix32)

    def forward(self, image):
        e = self.e
        win = e.windows(image)
        s64 = F.relu(e.stem(win))
        s32 = self.res32(self.down32(s64))
        s16 = self.res16(self.down16(F.relu(s32)))
        x = self.down8(F.relu(s16))
        n = x.shape[-1]
        x = tokens(x) + e.pe_proj(e.pe.grid(n, 16))
        for blk in e.blocks:
            x = blk(x)
        emb = volume(e.neck(x), n)
        u16 = self.mix16(e.up16(emb) + s16)
        f16 = e.out16(F.relu(u16))
        f32 = F.relu(self.mix32(e.up32(F.relu(u16)) + s32))
        f64 = F.conv3d(f32, self.up, self.bias) + F.conv3d(s64, self.lat, stride=2)
        half = F.avg_pool3d(win, 2)
        soft = F.avg_pool3d(half, 3, 1, 1, count_include_pad=False)
        levels = torch.cat([half[:, 1:], soft], 1)
        packed = torch.cat([F.conv3d(levels, self.blocks, stride=2), F.avg_pool3d(levels, 2)], 1)
        return emb, f16, f32, f64, packed


class PackedDecoder(nn.Module):
    def __init__(self, dec):
        super().__init__()
        self.d = dec
        o = dec.cfg.dec64
        up, bias = up_weights(dec.up64)
        dense = torch.cat([dec.prev64.detach().reshape(o, 1), dec.sim64.weight.detach().reshape(o, -1)], 1)    # o, k
        k = dense.shape[1]
        w = torch.zeros(8, o, k, 8)
        for p in range(8):
            w[p, :, :, p] = dense
        self.tail = nn.Parameter(torch.cat([up, w.reshape(8 * o, k * 8, 1, 1, 1)], 1))
        self.bias = nn.Parameter(bias)
        m = dec.mask32.weight.detach()                           # 8, 1, 2, 2, 2
        self.mask32 = nn.Parameter(m.reshape(m.shape[0], 8, 1, 1, 1))
        self.register_buffer("blocks", to_blocks(1))
        self.conv16, self.conv32a, self.conv32b = Solid(dec.conv16), Flat(dec.conv32a), Flat(dec.conv32b)

    @staticmethod
    def place(coords, s):
        """cell of the s^3 grid of blocks and phase of each click -> flat indices [B,N] each"""
        i = (coords / 2).floor().clamp(0, 2 * s - 1).long()
        c, p = i // 2, i % 2
        return (c[..., 0] * s + c[..., 1]) * s + c[..., 2], p[..., 0] * 4 + p[..., 1] * 2 + p[..., 2]

    def forward(self, embedding, features_16, features_32, features_64, features_levels, point_coords,
                point_labels, prev_mask):
        d = self.d
        n, s = embedding.shape[-1], features_32.shape[-1]
        v, o = s ** 3, d.cfg.dec64
        cell, phase = self.place(point_coords, s)
        b, clicks = cell.shape
        c3 = torch.arange(3, device=cell.device)
        at = (c3 * 8)[None, :, None] * v + (phase * v + cell)[:, None]                     # B 3 N
        ref = torch.gather(features_levels.flatten(1), 1, at.flatten(1)).reshape(b, 3, clicks).transpose(1, 2)
        ref = ref[..., [2, 1, 2]]
        sim = d.similarity(features_levels[:, :8].reshape(b, 1, 8 * s, s, s), ref[..., :1], point_labels)
        sim = sim.reshape(b, -1, s, s, s)                                                 # (map, phase)
        sim_half = d.similarity(features_levels[:, 24:], ref, point_labels)
        valid = (point_labels >= 0).to(point_coords.dtype)
        c64 = torch.arange(o, device=cell.device)
        at = ((phase * o)[:, None] + c64[None, :, None]) * v + cell[:, None]                # B o N
        f64 = torch.gather(features_64.flatten(1), 1, at.flatten(1)).reshape(b, o, clicks).transpose(1, 2)
        look = torch.cat([d.gather(embedding, point_coords, 16), d.gather(features_32, point_coords, 4), f64], -1)
        pe = d.pe(point_coords) * valid[..., None]
        click = d.appearance(look) * valid[..., None] + d.label_embed(point_labels + 1)
        q = torch.cat([d.out_tokens[None].expand(b, -1, -1), click + pe], 1)
        q_pe = q
        prev = torch.tanh(F.conv3d(prev_mask, self.blocks, stride=2) * 0.25)
        m32 = F.relu(F.conv3d(prev, self.mask32, d.mask32.bias) + d.sim8(sim_half))
        m16 = F.relu(d.mask16(m32))
        k = tokens(embedding + d.mask8(m16))
        k_pe = d.pe.grid(n, 16)
        for layer in d.layers:
            q, k = layer(q, k, q_pe, k_pe)
        q = d.final_norm(q + d.final_attn(q + q_pe, k + k_pe, k))
        iou_tok, mask_tok, click_tok = q[:, 0], q[:, 1], q[:, 2:] + click
        x = F.relu(d.up16(volume(k, n)) + features_16 + d.m16(m16))
        x = x + F.relu(self.conv16(x))
        x = d.up32(x) + d.lat32(features_32) + d.m32(m32) + d.sim32(sim_half)
        x = F.relu(x + d.click_attention(features_32, click_tok, point_coords, valid))
        x = F.relu(d.skip32(x) + solid(self.conv32b(F.relu(self.conv32a(slices(x))))))
        x = F.relu(F.conv3d(torch.cat([x, prev, sim], 1), self.tail, self.bias) + features_64)
        w = d.hyper(mask_tok)
        y = w[:, None, None, :-1] @ x.reshape(b, 8, o, v) + w[:, None, None, -1:]
        y = F.conv_transpose3d(y.reshape(b, 8, s, s, s), self.blocks, stride=2)
        return y, d.iou(iou_tok).sigmoid()
