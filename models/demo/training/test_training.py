"""python -m unittest test_training (a minute on one core)"""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest

import numpy as np
import torch
from scipy import ndimage

import calibrate
import contrast
import maps
import packed
import pause
import real
import slim
import synth
import train
import validate
from model import Config, DemoSam

HERE = os.path.dirname(os.path.abspath(__file__))


def scan(name, bright):
    """a small scan with one round object, as NIfTI"""
    import nibabel as nib
    g = np.indices((30, 32, 34)) - 15
    inside = (g ** 2).sum(0) < 60
    rng = np.random.default_rng(1)
    nib.save(nib.Nifti1Image((100 + rng.normal(0, 5, inside.shape) + bright * inside).astype(np.float32), np.eye(4)), name + ".nii.gz")
    nib.save(nib.Nifti1Image(inside.astype(np.uint8), np.eye(4)), name + "_label.nii.gz")


class Split(unittest.TestCase):
    def test_judged_names(self):
        for name in ("ct_thorax_cta", "colin27_t1", "colin27_aal_label", "ct_head_neck_pt_236", "mr_brain_tumour_t1c",
                     "ct_lumbar_crop", "ct_lumbar_crop_subregion_label", "mr_hippocampus_001", "mr_hippocampus_006_label",
                     "mr_t1_sts_003", "ct_sts_003", "pet_sts_003_label"):
            self.assertTrue(real.judged(f"volumes/{name}.nii.gz"), name)
        for name in ("ct_abdomen_slab", "mni152_t1", "ct_head_neck_pt_200", "mr_spine_cervical_t2"):
            self.assertFalse(real.judged(f"volumes/{name}.nii.gz"), name)

    def test_store_and_pools_have_none_of_them(self):
        with tempfile.TemporaryDirectory() as d:
            v = os.path.join(d, "volumes")
            os.makedirs(v)
            index = {}
            for name in ("ct_thorax_cta", "mr_other", "mr_hippocampus_009", "ct_head_neck_pt_294"):
                scan(os.path.join(v, name), 60)
                index[f"volumes/{name}_label.nii.gz"] = dict(image=f"volumes/{name}.nii.gz", labels={"1": dict(name="ball")})
            with open(os.path.join(v, "labels.json"), "w") as f:
                json.dump(index, f)
            store, out = os.path.join(d, "store"), os.path.join(d, "pool")
            maps.store(types.SimpleNamespace(data=[d], heads=None, gyri=False, out=store))
            self.assertEqual(sorted(os.listdir(store)), ["ct_head_neck_pt_294", "mr_other"])
            self.assertEqual(maps.Store(store, validation=True).names(), ["ct_head_neck_pt_294"])
            maps.pool(types.SimpleNamespace(store=store, out=out, count=2, workers=1, validation=False))
            with open(os.path.join(out, "sources.json")) as f:
                self.assertEqual(list(json.load(f)), ["mr_other"])
            train.Cubes([out], [1.0], np.random.default_rng(0)).sample(96, 2)
            fresh = train.Fresh([out], [1.0], 100, 1, 0, keep=3)
            fresh.make(2), fresh.make(4)
            self.assertTrue({"000101.npy", "000102.npy"} <= set(os.listdir(out)))
            with open(os.path.join(out, "sources.json"), "w") as f:
                json.dump({"colin27_t1.nii.gz": 1}, f)
            with self.assertRaises(AssertionError):
                train.Cubes([out], [1.0], np.random.default_rng(0))
            # the split by which weights are chosen: the object in the middle
            val = os.path.join(d, "pool_val")
            maps.pool(types.SimpleNamespace(store=store, out=val, count=2, workers=2, validation=True))
            found = list(validate.cases([val]))
            self.assertEqual([(k, v) for k, _, v in found], [("pool_val/000000", 1), ("pool_val/000001", 1)])
            self.assertEqual(validate.groups([val])("pool_val/000000"), "ct_head_neck")


class Data(unittest.TestCase):
    def test_outside_is_zero_before_the_normalisation(self):
        for seed in range(40):
            img, inst = torch.full((128,) * 3, -900.0), torch.ones(128, 128, 128, dtype=torch.uint8)
            synth.outside(np.random.default_rng(seed), img, inst)
            self.assertTrue(((img == 0) == (inst == 0)).all())
            self.assertGreater(int(inst.sum()), 20 ** 3)

    def subject(self, out, ct=True, **more):
        """a box of tissue with two organs side by side, as a store has it"""
        tissue = np.full((60, 60, 60), maps.byte("muscle"), np.uint8)
        sets = np.zeros((60, 60, 60), np.uint8)
        sets[10:30, 10:50, 10:50], sets[30:50, 10:50, 10:50] = 1, 2
        tissue[sets > 0] = maps.byte("organ", 1)
        maps.write_subject(out, "ct_x" if ct else "head_x", (2.0, 2.0, 2.0), tissue, [sets], **more)
        return maps.Store(out)

    def test_outside_of_a_scan_is_zero_and_has_no_objects(self):
        with tempfile.TemporaryDirectory() as d:
            store = self.subject(d, image=np.full((60, 60, 60), -1000, np.float32))
            for i in range(4):
                img, inst, tissue, _ = maps.volume(store, i)
                gone = tissue == contrast.OUT
                self.assertTrue(0 < gone.sum() < gone.size)
                self.assertTrue((img[gone] == 0).all())
                self.assertTrue((inst[gone] == 0).all())

    def test_a_map_without_a_scan_is_painted_anew_each_time(self):
        with tempfile.TemporaryDirectory() as d, tempfile.TemporaryDirectory() as pool:
            store = self.subject(d, ct=False)
            img, inst, tissue, name = maps.volume(store, 1)
            self.assertIsNone(img)
            self.assertEqual(name, "head_x")
            self.assertTrue({1, 2} <= set(np.unique(inst)))
            maps.write(store, pool, 1)
            c = train.Cubes([pool], [1.0], np.random.default_rng(4))
            one, two = c.sample(128, 1)[0], c.sample(128, 1)[0]
            for x in (one, two):
                self.assertTrue(bool(torch.isfinite(x).all()) and float(x.std()) > 0.1)
            self.assertFalse(torch.allclose(one.sort().values, two.sort().values))

    def test_positions(self):
        """the middle voxel of a volume is the place asked for, a step of it 1.5 mm"""
        p = maps.field(np.random.default_rng(0), np.array([10.0, 20.0, 30.0]), (1.0, 3.0, 0.5), True)
        self.assertEqual(p[64, 64, 64].tolist(), [10.0, 20.0, 30.0])
        step = (p[65, 64, 64] - p[64, 64, 64]) * torch.tensor([1.0, 3.0, 0.5])
        self.assertAlmostEqual(float(step.norm()), 1.5, 4)
        v = np.arange(60, dtype=np.float32).reshape(3, 4, 5)
        at = torch.tensor([[1.0, 2.0, 3.0], [2.0, 0.0, 4.0]])
        self.assertEqual(maps.taken(v, at).tolist(), [v[1, 2, 3], v[2, 0, 4]])
        got = maps.taken(v, at[:, None, None], "linear")
        np.testing.assert_allclose(got[:, 0, 0], [v[1, 2, 3], v[2, 0, 4]], rtol=1e-5)

    def test_a_slab_goes_on_as_its_mirror_image(self):
        p = torch.tensor([[0.0, 50.0, z] for z in (-1.0, -0.25, 0.0, 9.0, 10.0, 19.0, 20.0, 21.0)])
        got = maps.mirrored(p.clone(), (200, 200, 10), (1.0, 1.0, 4.0))
        self.assertEqual(got[:, 2].tolist(), [0.0, -0.25, 0.0, 9.0, 9.0, 0.0, 0.0, 1.0])
        self.assertEqual(got[:, :2].tolist(), p[:, :2].tolist())
        self.assertEqual(maps.mirrored(p.clone(), (20, 20, 10), (1.0, 1.0, 1.0)).tolist(), p.tolist())      # a small crop

    def test_lesions_and_supervoxels(self):
        rng = np.random.default_rng(2)
        inst, tissue = np.zeros((128,) * 3, np.uint8), np.full((128,) * 3, maps.byte("organ"), np.uint8)
        inst[20:100, 20:100, 20:100] = 1
        img, before = rng.normal(0, 1, inst.shape).astype(np.float32), inst.copy()
        maps.grow_lesions(inst, tissue, img, rng)
        self.assertGreater(int(inst.max()), 1)
        self.assertTrue((before[inst > 1] == 1).all() or (tissue[inst > 1] >= 16).all())
        x = ndimage.gaussian_filter(rng.normal(0, 1, inst.shape), 6)
        cells = maps.supervoxels(x, inst == 0, rng, maps.CLEAR + 1, 255)
        self.assertTrue((cells[inst > 0] == 0).all())
        self.assertGreater(len(np.unique(cells)), 5)
        self.assertGreater(int(cells[cells > 0].min()), maps.CLEAR)

    def test_contrasts_keep_what_is_outside(self):
        tissue = np.full((64,) * 3, maps.byte("wm"), np.uint8)
        tissue[:, :, 40:], tissue[:20] = maps.byte("gm", 3), contrast.OUT
        for seed in range(12):
            x = contrast.paint(tissue, np.random.default_rng(seed))
            self.assertTrue(bool(torch.isfinite(x).all()))
            self.assertLess(float(x[:20].std()), 1e-4)

    def test_a_part_holds_its_click(self):
        lab = np.zeros((96,) * 3, np.uint8)
        lab[8:88, 8:88, 8:88] = 1
        parts = 0
        for seed in range(36):
            c = train.Cubes([], [1.0], np.random.default_rng(seed))
            at = np.array([20, 24, 30])
            mask, clear = c.target(lab, 1, at, whole=True)
            self.assertEqual((float(mask.sum()), clear), (40 ** 3, 1.0))
            m, clear = c.target(lab, 1, at)
            self.assertEqual(m.shape, (48,) * 3)
            self.assertEqual(float(m[tuple(at)]), 1.0)
            part = int(m.sum() < 40 ** 3)
            self.assertEqual(clear, 0.1 if part else 1.0)           # no first click tells its extent
            parts += part
        self.assertGreater(parts, 1)

    def test_the_click_follows_flips_and_permutations(self):
        with tempfile.TemporaryDirectory() as d:
            vol = np.zeros((2, 128, 128, 128), np.int8)
            vol[1, 60:70, 50:56, 40:60] = 1
            np.save(os.path.join(d, "00000.npy"), vol)
            c = train.Cubes([d], [1.0], np.random.default_rng(2))
            seen = 0
            for _ in range(20):
                _, mask, origin, start, clear = c.sample(96, 1)
                self.assertEqual(clear.shape, (1,))
                if start[0] >= 0:
                    self.assertGreater(float(mask[0].flatten()[start[0]]), 0)
                    self.assertEqual(origin.tolist(), [16.0] * 3)
                    seen += 1
            self.assertGreater(seen, 3)


class Network(unittest.TestCase):
    def nets(self):
        for ranks, width in (((0, 0), 16), ((24, 16), 16), ((24, 16), 24)):
            torch.manual_seed(3)
            net = DemoSam(Config(rank16=ranks[0], rank32=ranks[1], width=width)).eval()
            with torch.no_grad():                            # as after training: nothing is zero
                for p in net.parameters():
                    p.add_(torch.randn_like(p) * 0.05)
            yield net

    def test_training_and_use_give_the_same(self):
        for net in self.nets():
            image = torch.randn(1, 1, 64, 64, 64)
            with torch.no_grad():
                click = torch.rand(1, 2, 3) * 63, torch.tensor([[1, 0]]), torch.randn(1, 1, 32, 32, 32)
                used, trained = net.encoder(image), net.train().encoder(image)
                trained = (*trained, *net.decoder(*trained, *click))
                used = (*used, *net.eval().decoder(*used, *click))
            for a, b in zip(used, trained):
                torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)

    def test_packed_is_the_same_network(self):
        for net in self.nets():
            image, prev = torch.randn(1, 1, 64, 64, 64), torch.randn(1, 1, 32, 32, 32)
            for n in (1, 5):
                points, labels = torch.rand(1, n, 3) * 63, torch.randint(-1, 2, (1, n))
                with torch.no_grad():
                    want = net.decoder(*net.encoder(image), points, labels, prev)
                    got = packed.PackedDecoder(net.decoder)(*packed.PackedEncoder(net)(image), points, labels, prev)
                for a, b in zip(got, want):
                    torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)

    def test_factors(self):
        weight = torch.einsum("or...,ri->oi...", torch.randn(16, 5, 3, 3, 3), torch.randn(5, 12))
        narrow, wide = slim.factors(weight, 5)
        torch.testing.assert_close(torch.einsum("or...,ri->oi...", wide, narrow[..., 0, 0, 0]), weight, rtol=1e-4, atol=1e-4)

    def test_slim_and_full_are_the_same_network(self):
        whole = DemoSam()
        narrow = slim.slim(dict(config=whole.cfg.as_dict(), ema=whole.state_dict()), 24, 16)
        thin = DemoSam.of(narrow)
        wide = DemoSam.of(slim.mean([narrow], [1]))
        for layer in ("conv16", "conv32a"):
            x = torch.randn(1, wide.decoder.get_submodule(layer).in_channels, 8, 8, 8)
            with torch.no_grad():
                got, want = (net.decoder.get_submodule(layer)(x) for net in (wide, thin))
            torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-4)
        # what once went through fewer channels loses nothing when it does so again
        again = slim.full(slim.slim(narrow, 24, 16))
        for layer in slim.RANKS:
            torch.testing.assert_close(again[f"{layer}.weight"], slim.full(narrow)[f"{layer}.weight"], rtol=1e-4, atol=1e-5)

    def test_mean(self):
        one, two = (dict(config=n.cfg.as_dict(), ema=n.state_dict()) for n in (DemoSam(), DemoSam()))
        narrow = slim.slim(two, 24, 16)
        got = slim.mean([one, narrow], [3, 1])
        DemoSam.of(got)
        for name in ("decoder.conv16.weight", "decoder.conv32a.bias", "encoder.stem.weight"):
            torch.testing.assert_close(got["ema"][name], 0.75 * one["ema"][name] + 0.25 * slim.full(narrow)[name])
        with self.assertRaises(AssertionError):
            slim.mean([one, dict(two, config={**two["config"], "depth": 2})], [1, 1])
        self.assertEqual([slim.shared("a.pt=0.25"), slim.shared("b.pt")], [("a.pt", 0.25), ("b.pt", 1.0)])
        stored = slim.halves(narrow)["ema"]
        self.assertEqual({stored[k].dtype for k in stored if stored[k].numel() >= 1024}, {torch.float16})
        self.assertEqual({stored[k].dtype for k in stored if stored[k].numel() < 1024}, {torch.float32})


class Run(unittest.TestCase):
    def test_nobody_goes_on_alone(self):
        """killing the process that started the others ends them"""
        with tempfile.TemporaryDirectory() as d:
            synth.write(d, 5)
            out = os.path.join(d, "run")
            cmd = [sys.executable, os.path.join(HERE, "train.py"), "--pool", d, "--out", out, "--stages", "32x1x1:1", "--device", "cpu",
                   "--log-every", "1", "--save-every", "0", "--config", '{"depth":1}', "--minutes", "9", "--procs", "2"]
            run = subprocess.Popen(cmd, env={**os.environ, "OMP_NUM_THREADS": "1"}, stderr=subprocess.DEVNULL, start_new_session=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN))    # as in the background
            while not os.path.exists(os.path.join(out, "last.pt")):
                self.assertIsNone(run.poll())
                time.sleep(0.1)
            run.kill()
            run.wait()
            for _ in range(300):
                try:
                    os.killpg(run.pid, 0)                      # is anybody of them left?
                except ProcessLookupError:
                    return
                time.sleep(0.1)
            os.killpg(run.pid, signal.SIGKILL)
            self.fail("somebody went on")

    def test_stages(self):
        stages = train.parse_stages("64x2x3:0.25,96x1x4:1")
        self.assertEqual(train.stage(stages, 0.1, 5, 1, False), (64, 2, 3))
        self.assertEqual(train.stage(stages, 0.9, 5, 1, False), (96, 1, 4))
        drawn = [train.stage(stages, 0.1, i, 1, True)[0] for i in range(400)]
        self.assertTrue(40 < drawn.count(64) < 130)
        self.assertEqual(drawn, [train.stage(stages, 0.7, i, 1, True)[0] for i in range(400)])

    def test_validation_is_due_each_half_hour(self):
        with tempfile.TemporaryDirectory() as d:
            self.assertIsNone(validate.Validation.before(d))
            with open(os.path.join(d, "validation.csv"), "w") as f:
                f.write("step,minutes,group\n5,12.5,all\n5,12.5,ct\n")
            self.assertEqual(validate.Validation.before(d), 12.5)
            check = object.__new__(validate.Validation)
            check.last = None
            self.assertEqual([check.due(m, 30) for m in (0.1, 5, 30.0, 30.1, 59, 61)], [True, False, False, True, False, True])

    def test_groups_count_alike(self):
        got = validate.summary({"a/1": [0.2], "a/2": [0.4], "b/1": [0.9]}, lambda k: k[0])
        self.assertEqual(got["all"][0], 3)
        self.assertAlmostEqual(float(got["all"][1][0]), 0.6)

    def test_where_people_click(self):
        mask = torch.zeros(3, 1, 20, 20, 20)
        mask[:, :, 2:13, 3:14, 4:15] = 1
        mask[:, :, 17] = 1                                     # something thin beside it
        at = train.pointed(mask, torch.tensor([train.CENTRE, train.INSIDE, train.ANYWHERE]))
        self.assertTrue((mask.flatten(1).gather(1, at[:, None]) == 1).all())
        self.assertEqual([int(at[0]) // 400, int(at[0]) // 20 % 20, int(at[0]) % 20], [7, 8, 9])
        self.assertLess(int(at[1]) // 400, 13)
        counts = torch.bincount(train.users(2000), minlength=3)
        self.assertTrue((counts > 300).all())

    def test_pauses_while_the_file_exists(self):
        with tempfile.NamedTemporaryFile() as f:
            calls = iter([False, True])
            self.assertGreater(pause.wait(f.name, lambda: next(calls)), 1)
        self.assertLess(pause.wait(f.name), 1)

    def test_calibration_is_a_scale_and_shift_of_the_logit(self):
        rng = np.random.default_rng(3)
        told = rng.uniform(0.05, 0.95, 400)
        true = 1 / (1 + np.exp(-(0.6 * calibrate.logit(told) + 0.8)))
        scale, shift = calibrate.fitted(told, true)
        self.assertAlmostEqual(scale, 0.6, 2)
        self.assertAlmostEqual(shift, 0.8, 2)
        net = DemoSam(Config(rank16=24, rank32=16)).eval()
        changed = DemoSam.of(dict(config=net.cfg.as_dict(), ema=calibrate.apply(net.state_dict(), 2.0, -0.5)))
        args = torch.rand(1, 1, 3) * 31, torch.ones(1, 1, dtype=torch.long), torch.zeros(1, 1, 16, 16, 16)
        with torch.no_grad():
            feats = net.encoder(torch.randn(1, 1, 32, 32, 32))
            (mask, told), (same, new) = net.decoder(*feats, *args), changed.decoder(*feats, *args)
        torch.testing.assert_close(mask, same)
        torch.testing.assert_close(new.logit(), 2 * told.logit() - 0.5, rtol=1e-4, atol=1e-4)

    def test_one_decoding_for_several_objects(self):
        """objects of the same image share its features"""
        torch.manual_seed(5)
        net = DemoSam(Config(rank16=24, rank32=16)).eval()
        points, labels, prev = torch.rand(6, 3, 3) * 63, torch.randint(0, 2, (6, 3)), torch.randn(6, 1, 32, 32, 32)
        with torch.no_grad():
            feats = net.encoder(torch.randn(2, 1, 64, 64, 64))
            many = net.decoder.decode(net.decoder.prepare(*feats), points, labels, prev)
            each = net.decoder(*(f.repeat_interleave(3, 0) for f in feats), points, labels, prev)
        for a, b in zip(many, each):
            torch.testing.assert_close(a, b, rtol=1e-4, atol=1e-4)

    def test_clicks_that_learn(self):
        for seed in range(50):
            learn = train.learning_clicks(np.random.default_rng(seed), 3)
            self.assertIn(0, learn)
            self.assertTrue(2 <= len(learn) <= 3 and max(learn) <= 9)

    def test_rate(self):
        a = types.SimpleNamespace(lr=1.0, warmup=10, hold=0.5)
        self.assertAlmostEqual(train.rate(a, 0.0, 0), 0.1)
        self.assertAlmostEqual(train.rate(a, 0.4, 100), 1.0)
        self.assertAlmostEqual(train.rate(a, 1.0, 100), 0.01)

    def test_resumes_and_then_begins_another_session(self):
        with tempfile.TemporaryDirectory() as d:
            synth.write(d, 5)
            cmd = [sys.executable, os.path.join(HERE, "train.py"), "--pool", d, "--out", os.path.join(d, "run"), "--stages",
                   "32x1x1:1", "--device", "cpu", "--log-every", "1", "--save-every", "0", "--config", '{"depth":1}', "--warmup", "1"]
            last = os.path.join(d, "run", "last.pt")
            run = subprocess.Popen(cmd + ["--minutes", "9"], env={**os.environ, "OMP_NUM_THREADS": "1"})
            while not os.path.exists(last):
                self.assertIsNone(run.poll())
                time.sleep(0.1)
            run.kill()
            run.wait()
            one = torch.load(last, weights_only=True)
            self.assertEqual(one["session"], dict(step=0, spent=0.0))
            subprocess.run(cmd + ["--minutes", str(one["spent"] + 0.02)], check=True)
            two = torch.load(last, weights_only=True)
            self.assertGreater(two["step"], one["step"])
            self.assertEqual(two["session"], one["session"])
            self.assertEqual(int(two["opt"]["state"][0]["step"]), two["step"])
            subprocess.run(cmd + ["--minutes", "0.02"], check=True)
            three = torch.load(last, weights_only=True)
            self.assertEqual(three["session"]["step"], two["step"])
            with open(os.path.join(d, "run", "curve.csv")) as f:
                self.assertGreaterEqual(len(f.readlines()), three["step"])


if __name__ == "__main__":
    unittest.main()
