"""From a trained generator to an ONNX file that is proved to draw the same."""
