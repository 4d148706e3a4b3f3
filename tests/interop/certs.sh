#!/bin/sh
# certs.sh DIR: a CA and a server certificate under the names that QEMU's x509-dir wants, and another CA that has
# signed a certificate of the same names (other-*.pem).
set -e
mkdir -p "$1.part"
cd "$1.part"
printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\n' >names
authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -days 30 -keyout "$1-key.pem" -out "$1-cert.pem" \
		-subj "/C=XX/O=Interop/CN=$2" -addext basicConstraints=critical,CA:TRUE
}
server() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1-key.pem" -out "$1.csr" \
		-subj /C=XX/O=Interop/CN=spice.example.test
	openssl x509 -req -in "$1.csr" -CA "$2-cert.pem" -CAkey "$2-key.pem" -CAcreateserial -days 30 \
		-extfile names -out "$1-cert.pem"
}
authority ca 'Interop CA'
server server ca
authority other-ca 'Another CA'
server other-server other-ca
cd ..
mv "$1.part" "$1"
