"""The carrier that speaks SMPP 3.4 over TCP or TLS.

Begin reading at ``carrier.SmppCarrier``, which implements ``ports.Carrier``; ``settings.SmppCarrierSettings`` are its
settings. Not here: PDUs and sessions (``palomar.smpp``), and what follows from the outcome of a part
(``palomar.sending``).
"""
