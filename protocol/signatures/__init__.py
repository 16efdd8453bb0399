"""People's signatures: PAdES on the protocol's PDF/A, detached CMS on any file of a record; see docs/signing.md.

==================  ====================================================
``person``          the seam: whoever signs with a person's key
``pkcs12``          a key in a PKCS#12 file
``pkcs11``          a key on a token, by its vendor's library
``pdf``             a signature field and a signature into a PDF
``attributes``      the CMS object itself, with what it says of itself
``detached``        a ``.p7s`` beside a file
``trust``           a court's trust list: issuers, revocations, who may sign as what
``checking``        are the signatures of a file good, by that list
``report``          what a check found
``errors``          what can go wrong
==================  ====================================================
"""
