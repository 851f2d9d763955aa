"""Mail of people who do not exist, for mailboxes that hold some: plain, with an attachment, and in two languages."""

from __future__ import annotations

ORDER = b"""\
From: "Purchasing, Fabrikam" <orders@fabrikam.com>
To: ERP <erp@contoso.com>
Subject: Order 4711
Date: Mon, 02 Mar 2026 09:14:58 +0100
Message-ID: <4711.order@fabrikam.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

Please send 20 cartridges of type HP-7.
"""

ANSWER = b"""\
From: ERP <erp@contoso.com>
To: orders@fabrikam.com
Subject: Re: Order 4711
Date: Mon, 02 Mar 2026 10:15:00 +0100
Message-ID: <4711.answer@contoso.com>
In-Reply-To: <4711.order@fabrikam.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=us-ascii

Confirmed.
"""

INVOICE = """\
From: =?utf-8?q?Facturaci=C3=B3n?= <facturas@fabrikam.com>
To: erp@contoso.com
Cc: accounts@contoso.com
Subject: =?utf-8?b?RmFjdHVyYSBuLsK6IDgxNSDigJMgbWFyem8=?=
Date: Tue, 03 Mar 2026 09:15:00 +0100
Message-ID: <815.invoice@fabrikam.com>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="=_815"

This part is for clients without MIME.
--=_815
Content-Type: multipart/alternative; boundary="=_815_text"

--=_815_text
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Adjuntamos la factura n.=C2=BA 815.

--=_815_text
Content-Type: text/html; charset=utf-8
Content-Transfer-Encoding: 8bit

<p>Adjuntamos la <b>factura n.º 815</b>.</p>

--=_815_text--

--=_815
Content-Type: text/csv; name="815.csv"
Content-Disposition: attachment; filename="815.csv"
Content-Transfer-Encoding: base64

cG9zaXRpb247YW1vdW50CjE7NDIuMDAK
--=_815--
""".encode()
