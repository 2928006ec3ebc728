"""Asks OpenSSL and GnuTLS what they say of certificate chains and TLSA records, many in one process.

The same calls as `openssl verify`, `openssl s_client -dane_tlsa_*`, `certtool --verify` and `danetool --check` make; CommandLineTest
shows it for OpenSSL (the other two cannot be given a time or records by hand). One case a line on standard input, fields separated by tabs:

    time (seconds)  host or address  presented chain  anchors  TLSA records (usage:selector:type:hex)

certificates in base64 of DER, lists separated by commas. One line of answers for each: openssl-pkix, openssl-dane, gnutls-pkix,
gnutls-dane, each "yes", "none" (no usable TLSA record) or "no:REASON".
"""
import base64, ctypes, ipaddress, sys
from ctypes import POINTER, byref, c_char_p, c_int, c_long, c_size_t, c_ubyte, c_uint, c_void_p

crypto = ctypes.CDLL("libcrypto.so.3")
ssl = ctypes.CDLL("libssl.so.3")
gnutls = ctypes.CDLL("libgnutls.so.30")
danelib = ctypes.CDLL("libgnutls-dane.so.0")


def declare(library, name, result, *arguments):
    function = getattr(library, name)
    function.restype, function.argtypes = result, arguments
    return function


d2i_X509 = declare(crypto, "d2i_X509", c_void_p, c_void_p, POINTER(c_char_p), c_long)
X509_free = declare(crypto, "X509_free", None, c_void_p)
stack_new = declare(crypto, "OPENSSL_sk_new_null", c_void_p)
stack_push = declare(crypto, "OPENSSL_sk_push", c_int, c_void_p, c_void_p)
stack_free = declare(crypto, "OPENSSL_sk_free", None, c_void_p)
store_new = declare(crypto, "X509_STORE_new", c_void_p)
store_free = declare(crypto, "X509_STORE_free", None, c_void_p)
store_add = declare(crypto, "X509_STORE_add_cert", c_int, c_void_p, c_void_p)
context_new = declare(crypto, "X509_STORE_CTX_new", c_void_p)
context_free = declare(crypto, "X509_STORE_CTX_free", None, c_void_p)
context_init = declare(crypto, "X509_STORE_CTX_init", c_int, c_void_p, c_void_p, c_void_p, c_void_p)
context_default = declare(crypto, "X509_STORE_CTX_set_default", c_int, c_void_p, c_char_p)
context_param = declare(crypto, "X509_STORE_CTX_get0_param", c_void_p, c_void_p)
context_error = declare(crypto, "X509_STORE_CTX_get_error", c_int, c_void_p)
context_dane = declare(crypto, "X509_STORE_CTX_set0_dane", None, c_void_p, c_void_p)
error_text = declare(crypto, "X509_verify_cert_error_string", c_char_p, c_long)
verify = declare(crypto, "X509_verify_cert", c_int, c_void_p)
param_time = declare(crypto, "X509_VERIFY_PARAM_set_time", None, c_void_p, c_long)
param_level = declare(crypto, "X509_VERIFY_PARAM_set_auth_level", None, c_void_p, c_int)
param_flags = declare(crypto, "X509_VERIFY_PARAM_set_flags", c_int, c_void_p, ctypes.c_ulong)
param_host = declare(crypto, "X509_VERIFY_PARAM_set1_host", c_int, c_void_p, c_char_p, c_size_t)
param_hostflags = declare(crypto, "X509_VERIFY_PARAM_set_hostflags", None, c_void_p, c_uint)
param_ip = declare(crypto, "X509_VERIFY_PARAM_set1_ip", c_int, c_void_p, c_char_p, c_size_t)
errors_clear = declare(crypto, "ERR_clear_error", None)
client_method = declare(ssl, "TLS_client_method", c_void_p)
ctx_new = declare(ssl, "SSL_CTX_new", c_void_p, c_void_p)
ctx_dane_enable = declare(ssl, "SSL_CTX_dane_enable", c_int, c_void_p)
ssl_new = declare(ssl, "SSL_new", c_void_p, c_void_p)
ssl_free = declare(ssl, "SSL_free", None, c_void_p)
ssl_dane_enable = declare(ssl, "SSL_dane_enable", c_int, c_void_p, c_char_p)
ssl_dane_flags = declare(ssl, "SSL_dane_set_flags", ctypes.c_ulong, c_void_p, ctypes.c_ulong)
ssl_dane_add = declare(ssl, "SSL_dane_tlsa_add", c_int, c_void_p, c_ubyte, c_ubyte, c_ubyte, c_char_p, c_size_t)
ssl_dane = declare(ssl, "SSL_get0_dane", c_void_p, c_void_p)

PARTIAL_CHAIN = 0x80000  # -partial_chain: any certificate may be an anchor (RFC 5280 §6.1.1 (d))
NEVER_CHECK_SUBJECT = 0x20  # a common name is no identifier (RFC 9525 §2)
NO_PARTIAL_WILDCARDS = 0x4
NO_DANE_EE_NAMECHECKS = 1  # RFC 7671 §5.1
SECURITY_LEVEL = 2  # Debian's: 112 bits

dane_context = ctx_new(client_method())
ctx_dane_enable(dane_context)


def address(host):
    try:
        return ipaddress.ip_address(host).packed
    except ValueError:
        return None


def openssl(time, host, chain, anchors, records):
    """records: None for PKIX alone"""
    session = None
    loaded = [d2i_X509(None, byref(c_char_p(der)), len(der)) for der in chain]
    trusted = [d2i_X509(None, byref(c_char_p(der)), len(der)) for der in anchors]
    if not all(loaded) or not all(trusted):
        return "no:unreadable"
    store, context, untrusted = store_new(), context_new(), stack_new()
    try:
        for each in trusted:
            store_add(store, each)
        for each in loaded[1:]:
            stack_push(untrusted, each)
        context_init(context, store, loaded[0], untrusted)
        context_default(context, b"ssl_server")
        param = context_param(context)
        param_time(param, time)
        param_level(param, SECURITY_LEVEL)
        param_flags(param, PARTIAL_CHAIN)
        packed = address(host)
        if packed is not None:
            param_ip(param, packed, len(packed))
        else:
            param_hostflags(param, NEVER_CHECK_SUBJECT | NO_PARTIAL_WILDCARDS)
            param_host(param, host.encode(), 0)
        if records is not None:
            session = ssl_new(dane_context)
            ssl_dane_enable(session, host.encode())
            ssl_dane_flags(session, NO_DANE_EE_NAMECHECKS)
            usable = 0
            for usage, selector, kind, data in records:
                usable += ssl_dane_add(session, usage, selector, kind, data, len(data)) > 0
            errors_clear()
            if usable == 0:
                return "none"
            context_dane(context, ssl_dane(session))
        if verify(context) == 1 and context_error(context) == 0:
            return "yes"
        return "no:" + error_text(context_error(context)).decode()
    finally:
        errors_clear()
        context_free(context)
        if session:
            ssl_free(session)
        store_free(store)
        stack_free(untrusted)
        for each in loaded + trusted:
            X509_free(each)


class Datum(ctypes.Structure):
    _fields_ = [("data", c_char_p), ("size", c_uint)]


class Wanted(ctypes.Structure):
    _fields_ = [("type", c_int), ("data", c_char_p), ("size", c_uint)]


now = 0
TIME = ctypes.CFUNCTYPE(c_long, c_void_p)


@TIME
def given_time(result):
    return now


gnutls.gnutls_global_set_time_function(given_time)
gnutls_new = declare(gnutls, "gnutls_x509_crt_init", c_int, POINTER(c_void_p))
gnutls_import = declare(gnutls, "gnutls_x509_crt_import", c_int, c_void_p, POINTER(Datum), c_int)
gnutls_free = declare(gnutls, "gnutls_x509_crt_deinit", None, c_void_p)
list_new = declare(gnutls, "gnutls_x509_trust_list_init", c_int, POINTER(c_void_p), c_uint)
list_free = declare(gnutls, "gnutls_x509_trust_list_deinit", None, c_void_p, c_uint)
list_add = declare(gnutls, "gnutls_x509_trust_list_add_cas", c_int, c_void_p, POINTER(c_void_p), c_uint, c_uint)
list_verify = declare(
    gnutls, "gnutls_x509_trust_list_verify_crt2", c_int, c_void_p, POINTER(c_void_p), c_uint, POINTER(Wanted), c_uint,
    c_uint, POINTER(c_uint), c_void_p)
check_host = declare(gnutls, "gnutls_x509_crt_check_hostname2", c_uint, c_void_p, c_char_p, c_uint)
check_ip = declare(gnutls, "gnutls_x509_crt_check_ip", c_uint, c_void_p, c_char_p, c_uint, c_uint)
dane_init = declare(danelib, "dane_state_init", c_int, POINTER(c_void_p), c_uint)
dane_raw = declare(
    danelib, "dane_raw_tlsa", c_int, c_void_p, POINTER(c_void_p), POINTER(c_char_p), POINTER(c_int), c_int, c_int)
dane_query_free = declare(danelib, "dane_query_deinit", None, c_void_p)
dane_verify = declare(
    danelib, "dane_verify_crt_raw", c_int, c_void_p, POINTER(Datum), c_uint, c_int, c_void_p, c_uint, c_uint,
    POINTER(c_uint))

SERVER_AUTH = b"1.3.6.1.5.5.7.3.1"
PROFILE_MEDIUM = 5 << 24  # what the priority NORMAL stands for
state = c_void_p()
dane_init(byref(state), 4)  # DANE_F_IGNORE_DNSSEC: that the records are secure is given


def gnutls_load(ders):
    certificates = []
    for der in ders:
        certificate = c_void_p()
        gnutls_new(byref(certificate))
        if gnutls_import(certificate, byref(Datum(der, len(der))), 0) < 0:
            gnutls_free(certificate)
            for each in certificates:
                gnutls_free(each)
            return None
        certificates.append(certificate)
    return certificates


def gnutls_pkix(time, host, chain, anchors):
    global now
    now = time
    loaded, trusted = gnutls_load(chain), gnutls_load(anchors)
    if loaded is None or trusted is None:
        return "no:unreadable"
    trust = c_void_p()
    list_new(byref(trust), 0)
    try:
        list_add(trust, (c_void_p * max(1, len(trusted)))(*trusted), len(trusted), 0)
        status = c_uint()
        wanted = Wanted(2, SERVER_AUTH, 0)
        code = list_verify(
            trust, (c_void_p * len(loaded))(*loaded), len(loaded), byref(wanted), 1, PROFILE_MEDIUM, byref(status), None)
        if code < 0 or status.value != 0:
            return "no:path %d 0x%x" % (code, status.value)
        packed = address(host)
        named = check_ip(loaded[0], packed, len(packed), 0) if packed else check_host(loaded[0], host.encode(), 0)
        return "yes" if named else "no:name"
    finally:
        list_free(trust, 0)
        for each in loaded + trusted:
            gnutls_free(each)


def gnutls_dane(chain, records):
    if not records:
        return "none"
    rows = [bytes([usage, selector, kind]) + data for usage, selector, kind, data in records]
    query = c_void_p()
    data = (c_char_p * (len(rows) + 1))(*rows, None)
    lengths = (c_int * (len(rows) + 1))(*[len(row) for row in rows], 0)
    code = dane_raw(state, byref(query), data, lengths, 1, 0)
    if code < 0:
        return "no:raw %d" % code
    presented = (Datum * len(chain))(*[Datum(der, len(der)) for der in chain])
    verdict = c_uint()
    code = dane_verify(state, presented, len(chain), 1, query, 0, 0, byref(verdict))
    dane_query_free(query)
    if code < 0:
        return "no:%d" % code
    return "yes" if verdict.value == 0 else "no:0x%x" % verdict.value


def certificates(field):
    return [base64.b64decode(each) for each in field.split(",") if each]


for line in sys.stdin:
    time, host, chain, anchors, tlsa = line.rstrip("\n").split("\t")
    time, chain, anchors = int(time), certificates(chain), certificates(anchors)
    records = []
    for each in tlsa.split(","):
        if each:
            usage, selector, kind, data = each.split(":")
            records.append((int(usage), int(selector), int(kind), bytes.fromhex(data)))
    print("\t".join([
        openssl(time, host, chain, anchors, None),
        openssl(time, host, chain, anchors, records),
        gnutls_pkix(time, host, chain, anchors),
        gnutls_dane(chain, records),
    ]), flush=True)
