"""Cameras by RTSP 1.0 over TCP (RFC 2326), H.264 and H.265: read here, because FFmpeg makes six system calls of each datagram.

::

    reading     opening, and then the loop of the source's thread
    session     DESCRIBE, SETUP, PLAY, keep-alive, TEARDOWN on one connection
    messages    requests and answers as bytes
    sign_in     Basic and Digest
    sdp         what a camera says that it gives (RFC 4566)
    frames      interleaved frames of RTP, put together to pictures (RFC 6184, RFC 7798)
    units       units of both codecs as RTP packs them
    rtcp        sender reports, receiver reports, BYE
    order       decode times of pictures that are shown in another order than that of decoding
    template    the parameters of the pictures, found by FFmpeg in the first key frame

Whatever is not understood here before the stream is open is left to FFmpeg (:class:`recorder.errors.NotUnderstood`): other codecs,
TLS, several tracks of pictures, packings that cameras do not use. A camera that answers without measure is refused.
"""
