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

import packed
import real
import slim
import synth
import train
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

    def test_pool_has_none_of_them(self):
        with tempfile.TemporaryDirectory() as d:
            v = os.path.join(d, "volumes")
            os.makedirs(v)
            index = {}
            for name in ("ct_thorax_cta", "mr_other", "mr_hippocampus_009"):
                scan(os.path.join(v, name), 60)
                index[f"volumes/{name}_label.nii.gz"] = dict(image=f"volumes/{name}.nii.gz", labels={"1": dict(name="ball")})
            with open(os.path.join(v, "labels.json"), "w") as f:
                json.dump(index, f)
            out = os.path.join(d, "pool")
            real.main(types.SimpleNamespace(data=d, out=out, per=4, pseudo=0.5, exclude=[], seed=1))
            with open(os.path.join(out, "sources.json")) as f:
                self.assertEqual(list(json.load(f)), ["mr_other.nii.gz"])
            train.Cubes([out], [1.0], np.random.default_rng(0)).sample(96, 2)
            with open(os.path.join(out, "sources.json"), "w") as f:
                json.dump({"colin27_t1.nii.gz": 1}, f)
            with self.assertRaises(AssertionError):
                train.Cubes([out], [1.0], np.random.default_rng(0))


class Data(unittest.TestCase):
    def test_outside_is_zero_before_the_normalisation(self):
        for seed in range(40):
            img, inst = torch.full((128,) * 3, -900.0), torch.ones(128, 128, 128, dtype=torch.uint8)
            synth.outside(np.random.default_rng(seed), img, inst)
            self.assertTrue(((img == 0) == (inst == 0)).all())
            self.assertGreater(int(inst.sum()), 20 ** 3)

    def test_crop_pads_with_zero(self):
        img, lab = torch.full((20, 20, 20), -1000.0), torch.zeros(20, 20, 20, dtype=torch.int16)
        lab[8:12, 8:12, 8:12] = 1
        x, y, inside = real.random_crop(img, lab, np.random.default_rng(3))
        self.assertTrue((x[~inside] == 0).all())
        self.assertTrue((x[inside] < -990).all())
        self.assertTrue((y[~inside] == 0).all())

    def test_a_part_holds_its_click(self):
        lab = np.zeros((96,) * 3, np.uint8)
        lab[8:88, 8:88, 8:88] = 1
        parts = 0
        for seed in range(24):
            c = train.Cubes([], [1.0], np.random.default_rng(seed))
            at = np.array([20, 24, 30])
            self.assertEqual(float(c.target(lab, 1, at, whole=True).sum()), 40 ** 3)
            m = c.target(lab, 1, at)
            self.assertEqual(m.shape, (48,) * 3)
            self.assertEqual(float(m[tuple(at)]), 1.0)
            parts += int(m.sum() < 40 ** 3)
        self.assertGreater(parts, 2)

    def test_the_click_follows_flips_and_permutations(self):
        with tempfile.TemporaryDirectory() as d:
            vol = np.zeros((2, 128, 128, 128), np.int8)
            vol[1, 60:70, 50:56, 40:60] = 1
            np.save(os.path.join(d, "00000.npy"), vol)
            c = train.Cubes([d], [1.0], np.random.default_rng(2))
            seen = 0
            for _ in range(20):
                _, mask, origin, start = c.sample(96, 1)
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
