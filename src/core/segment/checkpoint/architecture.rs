//! What network a checkpoint is of, read off the shapes of its tensors.

use super::error::dimensions;
use super::{CheckpointError, Manifest, clip};

/// Voxels along each side of the image that the network's encoder gets.
pub const IMAGE_SIDE: usize = 128;
/// Heads of every attention in the mask decoder. The shapes don't tell; it is 8 in the official classes
/// (`build_sam3D_*`: `TwoWayTransformer3D(num_heads=8)`) and in all released weights.
const DECODER_HEADS: usize = 8;
/// Channels of a network, or steps of a window, that nobody has: guards sums and products.
const MAX_WIDTH: usize = 1 << 16;
/// Bytes of relative positions laid out for the graph; released: 2.7 MB.
const MAX_TABLES: usize = 256 << 20;

/// What a block of the image encoder attends to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attention {
    /// The token grid zero-padded to a cube of [`Architecture::window`] tokens.
    Windowed,
    /// The token grid.
    Global,
}

/// SAM-Med3D's dimensions. The names of the tensors follow from them: [`Architecture::tensors`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Architecture {
    /// Voxels along an edge of a patch (16).
    pub patch: usize,
    /// Tokens along an edge of the embedding (8).
    pub grid: usize,
    /// Channels of the image encoder (released: 768).
    pub embed_dim: usize,
    /// Heads of the image encoder (released: 12).
    pub heads: usize,
    /// Channels of one head (released: 64).
    pub head_dim: usize,
    /// Hidden channels of the image encoder's MLPs (released: 3072).
    pub mlp_dim: usize,
    /// Tokens along an edge of a window (14); the grid's if no block is windowed.
    pub window: usize,
    /// One for each block of the image encoder, in order (released: 12, global at 2, 5, 8, 11).
    pub blocks: Vec<Attention>,
    /// Channels of the embedding, the prompts and the decoder's tokens, C (released: 384).
    pub prompt_dim: usize,
    /// Channels after the two strided convolutions of the mask prompt (4, 16).
    pub mask_prompt_dims: [usize; 2],
    /// Two-way blocks of the mask decoder (2).
    pub decoder_blocks: usize,
    /// Heads of the mask decoder's attentions (8).
    pub decoder_heads: usize,
    /// Channels of the decoder's attention between tokens and image (C / 2).
    pub cross_dim: usize,
    /// Hidden channels of the decoder's MLPs (2048).
    pub decoder_mlp_dim: usize,
    /// Mask tokens (4); the first is the single-mask output.
    pub mask_tokens: usize,
    /// Channels after the two transposed convolutions (C / 4, C / 8).
    pub upscaled_dims: [usize; 2],
    /// Hidden channels of the head that predicts the `IoU` (256).
    pub iou_dim: usize,
}

impl Architecture {
    /// Reads the architecture off a checkpoint, and checks that every tensor that encoder, prompt
    /// encoder and decoder need is there and has the shape that fits.
    ///
    /// # Errors
    /// A missing, unusable or misshapen tensor, by name; or a variant that isn't supported.
    pub fn of(checkpoint: &Manifest) -> Result<Self, CheckpointError> {
        let shapes = Shapes(checkpoint);
        let architecture = Self::read(&shapes)?;
        architecture.check_sizes(&shapes)?;
        for (name, wanted) in architecture.tensors() {
            let found = &checkpoint.require(&name)?.shape;
            if *found != wanted {
                return Err(shapes.misshapen(&name, dimensions(&wanted), found));
            }
        }
        architecture.check(&shapes)?;
        Ok(architecture)
    }

    fn read(shapes: &Shapes) -> Result<Self, CheckpointError> {
        let [_, grid, _, _, embed_dim] = shapes.of("image_encoder.pos_embed")?;
        let [_, _, patch, _, _] = shapes.of("image_encoder.patch_embed.proj.weight")?;
        let [_, head_dim] = shapes.of("image_encoder.blocks.0.attn.rel_pos_d")?;
        let [mlp_dim, _] = shapes.of("image_encoder.blocks.0.mlp.lin1.weight")?;
        let [prompt_dim, ..]: [usize; 5] = shapes.of("image_encoder.neck.0.weight")?;
        let [first, ..]: [usize; 5] = shapes.of("prompt_encoder.mask_downscaling.0.weight")?;
        let [second, ..]: [usize; 5] = shapes.of("prompt_encoder.mask_downscaling.3.weight")?;
        let decoder = "mask_decoder.transformer.layers.0";
        let [cross_dim, _] =
            shapes.of(&format!("{decoder}.cross_attn_token_to_image.q_proj.weight"))?;
        let [decoder_mlp_dim, _] = shapes.of(&format!("{decoder}.mlp.lin1.weight"))?;
        let [mask_tokens, _] = shapes.of("mask_decoder.mask_tokens.weight")?;
        let [_, quarter, ..]: [usize; 5] = shapes.of("mask_decoder.output_upscaling.0.weight")?;
        let [_, eighth, ..]: [usize; 5] = shapes.of("mask_decoder.output_upscaling.3.weight")?;
        let [iou_dim, _] = shapes.of("mask_decoder.iou_prediction_head.layers.0.weight")?;
        let (blocks, window) = blocks(shapes, grid)?;
        Ok(Self {
            patch,
            grid,
            embed_dim,
            heads: embed_dim / head_dim,
            head_dim,
            mlp_dim,
            window,
            blocks,
            prompt_dim,
            mask_prompt_dims: [first, second],
            decoder_blocks: shapes.count("mask_decoder.transformer.layers.", ".norm1.weight"),
            decoder_heads: DECODER_HEADS,
            cross_dim,
            decoder_mlp_dim,
            mask_tokens,
            upscaled_dims: [quarter, eighth],
            iou_dim,
        })
    }

    /// Sizes that no network of this kind has. Tensors may share their bytes, so a small file can describe
    /// a network of any size, and its graph has tables that grow with it.
    fn check_sizes(&self, shapes: &Shapes) -> Result<(), CheckpointError> {
        for (what, found, least, most) in [
            ("tokens along an edge of the grid", self.grid, 1, 16),
            ("blocks in the image encoder", self.depth(), 1, 64),
            ("heads in the image encoder", self.heads, 1, 64),
            ("channels in a head", self.head_dim, 1, 256),
            ("tokens along an edge of a window", self.window, 1, 64),
            ("blocks in the mask decoder", self.decoder_blocks, 1, 8),
        ] {
            if !(least..=most).contains(&found) {
                let what = format!("{found} {what} instead of {least} to {most}");
                return Err(shapes.variant(what));
            }
        }
        // Within the limits above nothing overflows.
        let tables = 4 * self.depth() * self.grid.pow(2) * self.head_dim * self.window;
        if tables > MAX_TABLES {
            let what = format!("{} MB of relative positions", tables.div_ceil(1_000_000));
            return Err(shapes.variant(what));
        }
        Ok(())
    }

    /// What the shapes allow and the network's definition or this program doesn't.
    fn check(&self, shapes: &Shapes) -> Result<(), CheckpointError> {
        let variant = |what: String| Err(shapes.variant(what));
        if self.image_side() != IMAGE_SIDE {
            let side = self.image_side();
            return variant(format!("its input has {side}³ voxels instead of {IMAGE_SIDE}³"));
        }
        if self.heads * self.head_dim != self.embed_dim {
            let (all, one) = (self.embed_dim, self.head_dim);
            return variant(format!("{all} channels can't be divided into heads of {one}"));
        }
        if self.window < self.grid {
            let (window, grid) = (self.window, self.grid);
            return variant(format!("windows of {window} tokens on a grid of {grid}"));
        }
        let dims = [self.prompt_dim, self.cross_dim];
        if !dims.iter().all(|n| n.is_multiple_of(DECODER_HEADS)) {
            let [all, cross] = dims;
            return variant(format!("{all} and {cross} channels for {DECODER_HEADS} heads"));
        }
        if !self.prompt_dim.is_multiple_of(3) {
            return variant(format!("{} channels for a position code in thirds", self.prompt_dim));
        }
        Ok(())
    }

    /// Number of blocks of the image encoder.
    pub fn depth(&self) -> usize {
        self.blocks.len()
    }

    /// Voxels along an edge of the input (128).
    pub fn image_side(&self) -> usize {
        self.grid * self.patch
    }

    /// Voxels along an edge of the low-resolution logits and of the mask prompt (32).
    pub fn logits_side(&self) -> usize {
        self.grid * 4
    }

    /// Name and shape of every tensor that is used. The rest of the official state isn't: the code for
    /// “no mask” (a mask prompt of zeros is given instead) and what belongs to the mask tokens after
    /// the first.
    pub fn tensors(&self) -> Vec<(String, Vec<usize>)> {
        let mut list = List::default();
        self.encoder(&mut list);
        self.prompts(&mut list);
        self.decoder(&mut list);
        list.0
    }

    fn encoder(&self, list: &mut List) {
        let (n, c, g, p) = (self.embed_dim, self.prompt_dim, self.grid, self.patch);
        list.add("image_encoder.pos_embed", &[1, g, g, g, n]);
        list.with_bias("image_encoder.patch_embed.proj", &[n, 1, p, p, p], n);
        for (number, attention) in self.blocks.iter().enumerate() {
            let block = format!("image_encoder.blocks.{number}");
            let side = match attention {
                Attention::Windowed => self.window,
                Attention::Global => g,
            };
            for axis in ["d", "h", "w"] {
                let name = format!("{block}.attn.rel_pos_{axis}");
                list.add(&name, &[2 * side - 1, self.head_dim]);
            }
            list.norm(&format!("{block}.norm1"), n);
            list.linear(&format!("{block}.attn.qkv"), 3 * n, n);
            list.linear(&format!("{block}.attn.proj"), n, n);
            list.norm(&format!("{block}.norm2"), n);
            list.linear(&format!("{block}.mlp.lin1"), self.mlp_dim, n);
            list.linear(&format!("{block}.mlp.lin2"), n, self.mlp_dim);
        }
        list.add("image_encoder.neck.0.weight", &[c, n, 1, 1, 1]);
        list.norm("image_encoder.neck.1", c);
        list.add("image_encoder.neck.2.weight", &[c, c, 3, 3, 3]);
        list.norm("image_encoder.neck.3", c);
    }

    fn prompts(&self, list: &mut List) {
        let c = self.prompt_dim;
        let [first, second] = self.mask_prompt_dims;
        list.add("prompt_encoder.pe_layer.positional_encoding_gaussian_matrix", &[3, c / 3]);
        for name in ["point_embeddings.0", "point_embeddings.1", "not_a_point_embed"] {
            list.add(&format!("prompt_encoder.{name}.weight"), &[1, c]);
        }
        let mask = "prompt_encoder.mask_downscaling";
        list.with_bias(&format!("{mask}.0"), &[first, 1, 2, 2, 2], first);
        list.norm(&format!("{mask}.1"), first);
        list.with_bias(&format!("{mask}.3"), &[second, first, 2, 2, 2], second);
        list.norm(&format!("{mask}.4"), second);
        list.with_bias(&format!("{mask}.6"), &[c, second, 1, 1, 1], c);
    }

    fn decoder(&self, list: &mut List) {
        let (c, cross, hidden) = (self.prompt_dim, self.cross_dim, self.decoder_mlp_dim);
        let [quarter, eighth] = self.upscaled_dims;
        list.add("mask_decoder.iou_token.weight", &[1, c]);
        list.add("mask_decoder.mask_tokens.weight", &[self.mask_tokens, c]);
        for number in 0..self.decoder_blocks {
            let layer = format!("mask_decoder.transformer.layers.{number}");
            list.attention(&format!("{layer}.self_attn"), c, c);
            list.attention(&format!("{layer}.cross_attn_token_to_image"), c, cross);
            list.attention(&format!("{layer}.cross_attn_image_to_token"), c, cross);
            list.linear(&format!("{layer}.mlp.lin1"), hidden, c);
            list.linear(&format!("{layer}.mlp.lin2"), c, hidden);
            for norm in 1..=4 {
                list.norm(&format!("{layer}.norm{norm}"), c);
            }
        }
        list.attention("mask_decoder.transformer.final_attn_token_to_image", c, cross);
        list.norm("mask_decoder.transformer.norm_final_attn", c);
        let upscaling = "mask_decoder.output_upscaling";
        list.with_bias(&format!("{upscaling}.0"), &[c, quarter, 2, 2, 2], quarter);
        list.norm(&format!("{upscaling}.1"), quarter);
        list.with_bias(&format!("{upscaling}.3"), &[quarter, eighth, 2, 2, 2], eighth);
        let mlp = "mask_decoder.output_hypernetworks_mlps.0.layers";
        list.linear(&format!("{mlp}.0"), c, c);
        list.linear(&format!("{mlp}.1"), c, c);
        list.linear(&format!("{mlp}.2"), eighth, c);
        let iou = "mask_decoder.iou_prediction_head.layers";
        list.linear(&format!("{iou}.0"), self.iou_dim, c);
        list.linear(&format!("{iou}.1"), self.iou_dim, self.iou_dim);
        list.linear(&format!("{iou}.2"), self.mask_tokens, self.iou_dim);
    }
}

/// What each block of the encoder attends to, by the rows of its relative-position tables, and the side
/// of the windows.
fn blocks(shapes: &Shapes, grid: usize) -> Result<(Vec<Attention>, usize), CheckpointError> {
    let (mut blocks, mut window) = (Vec::new(), None);
    for number in 0..shapes.count("image_encoder.blocks.", ".attn.rel_pos_d") {
        let name = format!("image_encoder.blocks.{number}.attn.rel_pos_d");
        let shape @ [rows, _] = shapes.of(&name)?;
        if rows == 2 * grid - 1 {
            blocks.push(Attention::Global);
            continue;
        }
        // An even number of rows belongs to no window; all windows are alike.
        let side = rows.div_ceil(2);
        if rows.is_multiple_of(2) || window.is_some_and(|w| w != side) {
            let least = 2 * window.unwrap_or(14) - 1;
            let expected = format!("{} or {least} rows", 2 * grid - 1);
            return Err(shapes.misshapen(&name, expected, &shape));
        }
        window = Some(side);
        blocks.push(Attention::Windowed);
    }
    Ok((blocks, window.unwrap_or(grid)))
}

/// A checkpoint's shapes, with errors that name the tensor.
struct Shapes<'a>(&'a Manifest);

impl Shapes<'_> {
    /// Shape of a tensor that must have `N` dimensions, none of them empty or absurd.
    fn of<const N: usize>(&self, name: &str) -> Result<[usize; N], CheckpointError> {
        let shape = &self.0.require(name)?.shape;
        let plausible = shape.iter().all(|n| (1..=MAX_WIDTH).contains(n));
        match shape.as_slice().try_into() {
            Ok(shape) if plausible => Ok(shape),
            _ => Err(self.misshapen(name, format!("a tensor of {N} dimensions"), shape)),
        }
    }

    /// How many tensors are named `<before>0<after>`, `<before>1<after>`, …
    fn count(&self, before: &str, after: &str) -> usize {
        let missing = |n| {
            let found = self.0.require(&format!("{before}{n}{after}"));
            matches!(found, Err(CheckpointError::Missing { .. }))
        };
        let mut count = 0;
        while !missing(count) {
            count += 1;
        }
        count
    }

    fn misshapen(&self, name: &str, expected: String, found: &[usize]) -> CheckpointError {
        let (name, found) = (clip(name), found.to_vec());
        CheckpointError::Shape { name, expected, found, path: self.0.path().to_owned() }
    }

    fn variant(&self, what: String) -> CheckpointError {
        CheckpointError::Variant { what, path: self.0.path().to_owned() }
    }
}

/// Names and shapes, as PyTorch's layers have them.
#[derive(Default)]
struct List(Vec<(String, Vec<usize>)>);

impl List {
    fn add(&mut self, name: &str, shape: &[usize]) {
        self.0.push((name.to_owned(), shape.to_vec()));
    }

    fn with_bias(&mut self, name: &str, shape: &[usize], bias: usize) {
        self.add(&format!("{name}.weight"), shape);
        self.add(&format!("{name}.bias"), &[bias]);
    }

    fn linear(&mut self, name: &str, to: usize, from: usize) {
        self.with_bias(name, &[to, from], to);
    }

    fn norm(&mut self, name: &str, width: usize) {
        self.with_bias(name, &[width], width);
    }

    /// Four projections, from and to `outer` channels, with `inner` between.
    fn attention(&mut self, name: &str, outer: usize, inner: usize) {
        for projection in ["q_proj", "k_proj", "v_proj"] {
            self.linear(&format!("{name}.{projection}"), inner, outer);
        }
        self.linear(&format!("{name}.out_proj"), outer, inner);
    }
}
