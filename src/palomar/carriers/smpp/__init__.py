"""The carrier that speaks SMPP 3.4 over TCP or TLS.

``carrier.SmppCarrier`` is the port, ``settings.SmppCarrierSettings`` what it takes. PDUs and sessions themselves are
``palomar.smpp``'s; what becomes of a part after its outcome is the engine's.
"""
