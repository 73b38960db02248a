"""A very small SAM-Med3D of the official classes (PyPI `medim`) whose weights are saved partly in float16, partly
in bfloat16 and partly in float32, and what the official classes compute with those weights, in float32.

  make_mixed.py OUT_DIR    writes mixed.pth, mixed_embedding.npy, mixed_logits.npy, mixed.json

The image is made by a formula (see `image`), so that no file is needed for it.
"""
import json
import sys

import numpy as np
import torch
from medim.models.sam_med3d import build_sam3D_vit_b_ori


def image() -> torch.Tensor:
    """[1, 1, 128, 128, 128], (x, y, z): sin(0.05 x + 0.07 y + 0.11 z) + (x·y + z) mod 7 / 7."""
    x, y, z = torch.meshgrid(*[torch.arange(128, dtype=torch.float64)] * 3, indexing="ij")
    return (torch.sin(0.05 * x + 0.07 * y + 0.11 * z) + (x * y + z) % 7 / 7)[None, None].float()


out = sys.argv[1]
torch.manual_seed(3)
model = build_sam3D_vit_b_ori(encoder_embed_dim=24, encoder_depth=2, encoder_num_heads=2,
                              encoder_global_attn_indexes=[1], prompt_embed_dim=48).eval()
kinds = [torch.float16, torch.bfloat16, torch.float16, torch.bfloat16, torch.float32]
with torch.no_grad():
    state = {}
    for n, (name, value) in enumerate(model.state_dict().items()):
        if "rel_pos" in name:
            value.normal_(0, 0.3)
        elif "pos_embed" in name or name.endswith("bias"):
            value.normal_(0, 0.2)
        # The large ones are never float32, to keep the file small.
        state[name] = value.to(kinds[n % (4 if value.numel() > 4096 else 5)])
    torch.save({"model_state_dict": state}, f"{out}/mixed.pth")
    model.load_state_dict({name: value.float() for name, value in state.items()})
    embedding = model.image_encoder(image())
    points, labels = [[40.0, 64.0, 90.0], [70.0, 12.0, 33.0]], [1, 0]
    sparse, dense = model.prompt_encoder(points=[torch.tensor([points]), torch.tensor([labels])], boxes=None,
                                         masks=torch.zeros(1, 1, 32, 32, 32))
    logits, iou = model.mask_decoder(image_embeddings=embedding, image_pe=model.prompt_encoder.get_dense_pe(),
                                     sparse_prompt_embeddings=sparse, dense_prompt_embeddings=dense)
np.save(f"{out}/mixed_embedding.npy", embedding[0].numpy())
np.save(f"{out}/mixed_logits.npy", logits[0, 0].numpy())
json.dump({"points": points, "labels": labels, "iou": float(iou[0, 0])}, open(f"{out}/mixed.json", "w"))
