"""The same network arranged for speed in onnxruntime: nothing is trained for it, the weights are those of model.py and
the results the same but for rounding.

* A volume [1,C,D,H,W] is kept as its slices [D,C,H,W].  A 3^3 convolution is then a 3^2 one with three slices as channels:
  onnxruntime has fast kernels for two dimensions, and none but a copy of every neighbourhood for three.
* What is at 64^3 is kept as 8 times the channels at 32^3; the eight cells of a block are its phases (z, y, x).  Then
  the last layers are one product of matrices (the up-sampling together with the maps of similarity and the previous mask),
  a sum, a ReLU and a small product, without passes over 16 x 64^3 that only move data.
* What the decoder would make of the features alone is made by the encoder, once for all clicks (lateral, query, the bias
  of the last up-sampling).

Features, all but the embedding as slices: features_16 [16,48,16,16], features_32 [32,32,32,32], features_64
[32,8*16,32,32] (phase, channel), features_levels [32,24+3,32,32] (channel, phase; then their means over the block),
features_lateral and features_query [32,32,32,32].  One crop at a time.
"""
import math

import torch
import torch.nn.functional as F
from torch import nn

from model import tokens, volume

FEATURES = ["embedding", "features_16", "features_32", "features_64", "features_levels", "features_lateral", "features_query"]


def slices(x):
    """[1,C,D,H,W] -> [D,C,H,W]"""
    return x[0].transpose(0, 1)


def solid(x):
    return x.transpose(0, 1)[None]


def fixed(tensor):
    return nn.Parameter(tensor.detach().contiguous())


def point(conv):
    """weights of a 1^3 convolution as those of a 1^2 one"""
    return conv.weight[..., 0]


def pooled(conv):
    """weights of a 2^3 stride-2 convolution for slices in pairs: [O,I,2,2,2] -> [O,2*I,2,2]"""
    return conv.weight.transpose(1, 2).flatten(1, 2)


def in_pairs(x):
    """[D,C,H,W] -> [D/2,2*C,H,W]"""
    return x.reshape(x.shape[0] // 2, 2 * x.shape[1], *x.shape[2:])


def to_blocks():
    """weights that move the cells of a 2^2 block into channels; transposed, back again.  Such a convolution takes a third
    of the time of a general transpose."""
    return torch.eye(4).reshape(4, 1, 2, 2)


def up_weights(conv):
    """a 2^3 stride-2 transposed convolution as a 1^2 one to (phase, channel): weights [8*O,I,1,1] and bias [8*O]"""
    i, o = conv.weight.shape[:2]
    return conv.weight.reshape(i, o, 8).permute(2, 1, 0).reshape(8 * o, i, 1, 1), conv.bias.repeat(8)


class Flat(nn.Module):
    """a convolution of 3^3 with padding 1 on slices: [D,C,H,W] -> [D',O,H',W']"""

    def __init__(self, conv):
        super().__init__()
        self.weight = fixed(conv.weight.permute(0, 2, 1, 3, 4).flatten(1, 2))
        self.bias, self.stride = fixed(conv.bias), conv.stride[0]

    def forward(self, x):
        zero, d = torch.zeros_like(x[:1]), x.shape[0]
        x = torch.cat([zero, x, zero])
        x = torch.cat([x[k:k + d:self.stride] for k in range(3)], 1)
        return F.conv2d(x, self.weight, self.bias, self.stride, 1)


class Stem(nn.Module):
    """a convolution of 4^3, stride 2 and padding 1 on slices.  It takes them in pairs, and two pairs one after the other:
    so few channels go into onnxruntime's kernel as they are, eight would be reordered first."""

    def __init__(self, conv):
        super().__init__()
        w = conv.weight.permute(0, 2, 1, 3, 4)
        self.near, self.far = fixed(w[:, :2].flatten(1, 2)), fixed(w[:, 2:].flatten(1, 2))
        self.bias = fixed(conv.bias)

    def forward(self, x):
        zero = torch.zeros_like(x[:1])
        near = F.conv2d(in_pairs(torch.cat([zero, x[:-1]])), self.near, self.bias, 2, 1)
        return near + F.conv2d(in_pairs(torch.cat([x[1:], zero])), self.far, None, 2, 1)


class Narrow(nn.Module):
    """a 3^3 convolution of few channels that a 1^3 one makes (slim.py), on slices"""

    def __init__(self, both):
        super().__init__()
        self.weight, self.conv = fixed(point(both[0])), Flat(both[1])

    def forward(self, x):
        return self.conv(F.conv2d(x, self.weight))


class PackedResBlock(nn.Module):
    """on volumes, as the statistics of the norms are those of whole channels"""

    def __init__(self, block):
        super().__init__()
        self.n1, self.n2, self.c1, self.c2 = block.n1, block.n2, Flat(block.c1), Flat(block.c2)

    def forward(self, x):
        h = solid(self.c1(slices(F.relu(self.n1(x)))))
        return x + solid(self.c2(slices(F.relu(self.n2(h)))))


class PackedEncoder(nn.Module):
    def __init__(self, net):
        super().__init__()
        self.e = e = net.encoder
        d = net.decoder
        lat = e.lat64.weight[:, :, 0, 0, 0]
        o, i = lat.shape
        w = torch.zeros(4, o, i, 4)                              # a slice's four phases are a 2^2 convolution
        for p in range(4):
            w[p, :, :, p] = lat.detach()
        self.lat64 = fixed(w.reshape(4 * o, i, 2, 2))
        up, bias = up_weights(e.up64)
        self.up64, self.bias64 = fixed(up), fixed(bias + (e.lat64.bias + d.up64.bias).repeat(8))
        self.register_buffer("blocks", to_blocks())
        self.stem, self.down32, self.down16, self.down8 = Stem(e.stem), Flat(e.down32), Flat(e.down16), Flat(e.down8)
        self.res32, self.res16 = (nn.Sequential(*map(PackedResBlock, r)) for r in (e.res32, e.res16))
        self.mix16, self.mix32 = PackedResBlock(e.mix16), PackedResBlock(e.mix32)
        self.parts = [d.lat32.out_channels, d.click_q.out_features]
        self.more = fixed(torch.cat([point(d.lat32), d.click_q.weight[..., None, None]]))
        self.more_bias = fixed(torch.cat([d.lat32.bias, d.click_q.bias]))

    def levels(self, win):
        half = F.avg_pool3d(win, 2)
        soft = F.avg_pool3d(half, 3, 1, 1, count_include_pad=False)
        x = torch.cat([half[:, 1:], soft], 1)
        s = x.shape[-1] // 2
        blocks = F.conv2d(x.reshape(6 * s, 1, 2 * s, 2 * s), self.blocks, stride=2).reshape(3, s, 8, s, s)
        blocks = blocks.transpose(0, 1).reshape(s, 24, s, s)
        return torch.cat([blocks, slices(F.avg_pool3d(x, 2))], 1)

    def forward(self, image):
        e = self.e
        win = torch.cat(e.windows(image), 1)
        s64 = F.relu(self.stem(slices(win)))
        s32 = self.res32(solid(self.down32(s64)))
        s16 = self.res16(solid(self.down16(slices(F.relu(s32)))))
        x = solid(self.down8(slices(F.relu(s16))))
        n = x.shape[-1]
        x = tokens(x) + e.pe_proj(e.pe.grid(n, 16))
        for blk in e.blocks:
            x = blk(x)
        emb = volume(e.neck(x), n)
        u16 = self.mix16(e.up16(emb) + s16)
        f16 = slices(e.out16(F.relu(u16)))
        f32 = slices(F.relu(self.mix32(e.up32(F.relu(u16)) + s32)))
        s64 = F.conv2d(s64, self.lat64, stride=2)
        f64 = F.conv2d(f32, self.up64, self.bias64) + s64.reshape(f32.shape[0], -1, *s64.shape[2:])
        lateral, query = F.conv2d(f32, self.more, self.more_bias).split(self.parts, 1)
        return emb, f16, f32, f64, self.levels(win), lateral, query


class PackedDecoder(nn.Module):
    def __init__(self, dec):
        super().__init__()
        self.d = d = dec
        o = d.cfg.dec64
        up, _ = up_weights(d.up64)
        dense = torch.cat([d.prev64.reshape(o, 1), d.sim64.weight.reshape(o, -1)], 1)    # o, k
        k = dense.shape[1]
        w = torch.zeros(8, o, k, 8)
        for p in range(8):
            w[p, :, :, p] = dense.detach()
        self.tail = fixed(torch.cat([up[..., 0, 0], w.reshape(8 * o, k * 8)], 1))
        self.register_buffer("blocks", to_blocks())
        m = d.mask32.weight                                      # 8, 1, 2, 2, 2
        self.mask32 = fixed(torch.cat([m.reshape(m.shape[0], 8, 1, 1), point(d.sim8)], 1))
        self.mask16, self.mask8 = fixed(pooled(d.mask16)), fixed(pooled(d.mask8))
        w = d.up16.weight                                        # tokens -> (z phase, channel, y and x phase)
        self.up16 = fixed(w.permute(0, 2, 1, 3, 4).flatten(1))
        w = d.up32.weight
        self.up32 = fixed(w.transpose(1, 2).flatten(1, 2))         # to (z phase, channel)
        self.dense32 = fixed(torch.cat([point(d.m32), point(d.sim32)], 1))
        self.bias32 = fixed(d.up32.bias + d.m32.bias)
        self.conv16, self.conv32b = (Narrow(d.conv16) if d.cfg.rank16 else Flat(d.conv16)), Flat(d.conv32b)
        if d.cfg.rank32:
            self.split32 = fixed(torch.cat([point(d.skip32), point(d.conv32a[0])]))
            self.conv32a = Flat(d.conv32a[1])
            self.bias_split = fixed(torch.cat([d.skip32.bias, torch.zeros(d.cfg.rank32)]))
        else:
            self.split32, self.bias_split, self.conv32a = fixed(point(d.skip32)), fixed(d.skip32.bias), Flat(d.conv32a)

    @staticmethod
    def pick(f, slice_, cell, channel):
        """f [D,C,H,W], slice_ and cell (y*W+x) [N] of each click, channel [N,K] -> [1,N,K]"""
        at = (slice_[:, None] * f.shape[1] + channel) * (f.shape[2] * f.shape[3]) + cell[:, None]
        return torch.gather(f.flatten(), 0, at.flatten()).reshape(1, *at.shape)

    def clicks(self, embedding, f32, f64, levels, coords, labels):
        """-> tokens of the clicks without and with their place [1,N,C], and their intensities [1,N,3]"""
        d, s, o = self.d, f32.shape[-1], self.d.cfg.dec64
        i = (coords[0] / 2).floor().clamp(0, 2 * s - 1).long()
        c, p = i // 2, i % 2
        z, cell, phase = c[:, 0], c[:, 1] * s + c[:, 2], (p[:, 0] * 4 + p[:, 1] * 2 + p[:, 2])[:, None]
        count = lambda n: torch.arange(n, device=z.device)[None]
        ref = self.pick(levels, z, cell, count(3) * 8 + phase)[..., [2, 1, 2]]          # smoothed values
        look = torch.cat([d.gather(embedding, coords, 16), self.pick(f32, z, cell, count(f32.shape[1]) + 0 * phase),
                          self.pick(f64, z, cell, phase * o + count(o)) - d.up64.bias], -1)
        valid = (labels >= 0).to(coords.dtype)[..., None]
        plain = d.appearance(look) * valid + d.label_embed(labels + 1)
        return plain, plain + d.pe(coords) * valid, ref

    def closeness(self, levels, ref, labels):
        """maps of similarity at 64^3 (map, phase) and at 32^3, as slices"""
        s = levels.shape[-1]
        as_slices = lambda m: torch.cat([x.reshape(s, -1, s, s) for x in m], 1)
        fine = self.d.closeness(levels[:, :8].reshape(1, -1), ref[..., 0], labels)
        half = [m for c in range(3) for m in self.d.closeness(levels[:, 24 + c].reshape(1, -1), ref[..., c], labels)]
        return as_slices(fine), as_slices(half)

    def click_attention(self, query, click, coords, labels):
        """as MaskDecoder.click_attention, slice by slice: -> [D,C,H,W]"""
        d, h, n, s = self.d, self.d.CLICK_HEADS, click.shape[1], query.shape[-1]
        q = query.reshape(s, h, 8, s * s)
        k = d.click_k(click).reshape(1, n, h, 8).transpose(1, 2) * (1 / math.sqrt(8))
        v = d.click_v(click).reshape(1, n, h, -1).permute(0, 2, 3, 1)                   # 1 h dv N
        a = torch.arange(s, device=query.device, dtype=coords.dtype) * 4 + 1.5
        far = ((a - coords[0, ..., None]) / 16.0) ** 2                                 # N 3 s
        fall = -F.softplus(d.click_falloff)[:, None, None]                            # h 1 1
        z = far[:, 0].T[:, None, :, None] * fall                                       # s h N 1
        yx = (far[:, 1, :, None] + far[:, 2, None]).flatten(1) * fall                   # h N s*s
        logit = k @ q + (z + ((labels >= 0).to(coords.dtype)[0, :, None] - 1.0) * 1e4) + yx
        null = d.click_null[:, None, None]
        top = torch.maximum(logit.amax(2, keepdim=True), null)
        e = (logit - top).exp()
        e = e / (e.sum(2, keepdim=True) + (null - top).exp())
        return (v @ e).reshape(s, -1, s, s)

    def up(self, k, f16, m16):
        """the embedding at 16^3 and then 32^3, without what the features add there"""
        d, s = self.d, f16.shape[-1] // 2
        x = (k @ self.up16).reshape(s, s, s, 2, -1, 2, 2).permute(0, 3, 4, 1, 5, 2, 6).reshape(f16.shape)
        x = F.relu(x + f16 + F.conv2d(m16, point(d.m16), d.m16.bias + d.up16.bias))
        x = x + F.relu(self.conv16(x))
        return F.conv_transpose2d(x, self.up32, stride=2).reshape(4 * s, -1, 4 * s, 4 * s)

    def forward(self, embedding, f16, f32, f64, levels, lateral, query, point_coords, point_labels, prev_mask):
        d, s, o = self.d, f32.shape[-1], self.d.cfg.dec64
        plain, placed, ref = self.clicks(embedding, f32, f64, levels, point_coords, point_labels)
        sim, sim_half = self.closeness(levels, ref, point_labels)
        q = torch.cat([d.out_tokens[None], placed], 1)
        q_pe = q
        prev = F.conv2d(prev_mask.reshape(2 * s, 1, 2 * s, 2 * s), self.blocks, stride=2).reshape(s, 8, s, s)
        prev = torch.tanh(prev * 0.25)
        m32 = F.relu(F.conv2d(torch.cat([prev, sim_half], 1), self.mask32, d.mask32.bias))
        m16 = F.relu(F.conv2d(in_pairs(m32), self.mask16, d.mask16.bias, 2))
        m8 = F.conv2d(in_pairs(m16), self.mask8, d.mask8.bias, 2)
        k = tokens(embedding) + m8.permute(0, 2, 3, 1).reshape(1, -1, m8.shape[1])
        k_pe = d.pe.grid(embedding.shape[-1], 16)
        for layer in d.layers:
            q, k = layer(q, k, q_pe, k_pe)
        q = d.final_norm(q + d.final_attn(q + q_pe, k + k_pe, k))
        iou_tok, mask_tok, click_tok = q[:, 0], q[:, 1], q[:, 2:] + plain
        x = self.up(k, f16, m16) + lateral + F.conv2d(torch.cat([m32, sim_half], 1), self.dense32, self.bias32)
        x = F.relu(x + self.click_attention(query, click_tok, point_coords, point_labels))
        y = F.conv2d(x, self.split32, self.bias_split)
        skip, y = (y[:, :d.skip32.out_channels], y[:, d.skip32.out_channels:]) if d.cfg.rank32 else (y, x)
        x = F.relu(skip + self.conv32b(F.relu(self.conv32a(y))))
        # a product of matrices: a convolution would first bring all of it into onnxruntime's own layout, and back
        x = F.relu(self.tail @ torch.cat([x, prev, sim], 1).flatten(2) + f64.flatten(2))
        w = d.hyper(mask_tok)
        y = w[:, None, None, :-1] @ x.reshape(s, 8, o, s * s) + w[:, None, None, -1:]
        y = F.conv_transpose2d(y.reshape(2 * s, 4, s, s), self.blocks, stride=2)
        return y.reshape(1, 1, 2 * s, 2 * s, 2 * s), d.iou(iou_tok).sigmoid()
