warder_fuzz(sha256_openssl SOURCES sha256_openssl.cc LINK warder_base OpenSSL::Crypto)
