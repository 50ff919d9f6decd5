"""The carrier that speaks SMPP 3.4 over TCP or TLS.

``SmppCarrier`` is the port, ``SmppCarrierSettings`` what it takes. PDUs and sessions themselves are ``palomar.smpp``'s;
what becomes of a part after its outcome is the engine's.
"""

from palomar.carriers.smpp.carrier import SmppCarrier
from palomar.carriers.smpp.settings import SmppCarrierSettings

__all__ = ["SmppCarrier", "SmppCarrierSettings"]
