"""What a network computes, step by step: the types, and how an ONNX file is read as such."""
