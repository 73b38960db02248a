"""A Triton model (Python backend) that runs the model.onnx beside it with onnxruntime on the CPU: for a tritonserver
without the ONNX Runtime backend, as the one in the package nvidia-pytriton. Licence: that of Voxpoint."""

import os

import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        folder = os.path.join(args["model_repository"], args["model_version"])
        self.session = onnxruntime.InferenceSession(
            os.path.join(folder, "model.onnx"), providers=["CPUExecutionProvider"]
        )
        self.outputs = [output.name for output in self.session.get_outputs()]

    def execute(self, requests):
        answers = []
        for request in requests:
            inputs = {tensor.name(): tensor.as_numpy() for tensor in request.inputs()}
            wanted = [name for name in self.outputs if name in request.requested_output_names()]
            values = self.session.run(wanted, inputs)
            tensors = [pb_utils.Tensor(name, value) for name, value in zip(wanted, values)]
            answers.append(pb_utils.InferenceResponse(output_tensors=tensors))
        return answers
