"""The wire protocol: frames, encryption and encodings, without any state of the server."""
