#!/usr/bin/env bash
# The front door without Docker: Debian's nginx before the console, the API and Grafana, and its exporter.
set -eEuo pipefail
source "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

CONFIG=$REPO/config/nginx
GATEWAY=$RUN_DIR/gateway
STATUS_PORT=${GATEWAY_STATUS_PORT:-9114}
# Of what the self-made certificate has left, in seconds, when another one is made.
RENEW=$((14 * 86400))

# nginx lies in /usr/sbin, which is not on everybody's PATH.
nginx_program() { PATH=$PATH:/usr/sbin:/usr/local/sbin type -P nginx; }

missing() { # prints the packages that are not there
    nginx_program >/dev/null || echo nginx-light
    type -P openssl >/dev/null || echo openssl
}

self_made() { # a certificate for this machine, unless there is a fresh one of the same name
    local name=${GATEWAY_NAME:-127.0.0.1} subject
    subject="DNS:localhost, DNS:$(uname -n), IP:127.0.0.1"
    if [[ $name =~ ^[0-9.]+$|: ]]; then subject+=", IP:$name"; else subject+=", DNS:$name"; fi
    if [[ -f $GATEWAY/key.pem && -f $GATEWAY/made-for && $(<"$GATEWAY/made-for") == "$subject" ]] &&
        openssl x509 -noout -checkend "$RENEW" -in "$GATEWAY/certificate.pem" >/dev/null 2>&1; then return; fi
    (umask 077 && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
        -subj "/CN=gpustream" -addext "subjectAltName=$subject" \
        -keyout "$GATEWAY/key.pem" -out "$GATEWAY/certificate.pem" 2>"$GATEWAY/openssl.log") ||
        fail "the gateway's certificate" "$(tail -n 1 "$GATEWAY/openssl.log")" "openssl to make one for $subject" \
            "GATEWAY_NAME in .env: a name or an address"
    echo "$subject" >"$GATEWAY/made-for"
}

given() { # SETTING: prints the file
    local file=${!1:-}
    if [[ -n $file ]]; then file=$(absolute "$file"); fi
    [[ -r $file ]] || fail "$1" "${file:-nothing}, which cannot be read" "a file in PEM" \
        "set GATEWAY_CERTIFICATE and GATEWAY_KEY in .env, or neither"
    echo "$file"
}

fill() { # FILE: @NAME@ becomes what is named
    sed -e "s|@RUN@|$GATEWAY|g" -e "s|@LISTEN@|$listen|" -e "s|@CONSOLE_PORT@|${CONSOLE_PORT:-8000}|" \
        -e "s|@STATUS_PORT@|$STATUS_PORT|" -e "s|@MEGABYTES@|${CONSOLE_UPLOAD_MEGABYTES:-512}|" \
        -e "s|@CERTIFICATE@|$certificate|" -e "s|@KEY@|$key|" -e "s|@GRAFANA_PORT@|$GRAFANA_PORT|" \
        "$CONFIG/$1" >"$GATEWAY/$1"
}

configure() {
    local listen=${GATEWAY_HOST:-127.0.0.1}:${GATEWAY_PORT:-8443} certificate=$GATEWAY/certificate.pem key=$GATEWAY/key.pem
    mkdir -p "$GATEWAY"
    : >"$GATEWAY/tls.conf"
    : >"$GATEWAY/grafana.conf"
    case ${GATEWAY_TLS:-on} in
        off) ;;
        on)
            listen+=" ssl http2"
            if [[ -n ${GATEWAY_CERTIFICATE:-}${GATEWAY_KEY:-} ]]; then
                certificate=$(given GATEWAY_CERTIFICATE)
                key=$(given GATEWAY_KEY)
            else
                self_made
            fi
            fill tls.conf
            ;;
        *) fail "GATEWAY_TLS" "$GATEWAY_TLS" "on or off" "set it in .env" ;;
    esac
    if "$NATIVE/grafana.sh" where >/dev/null 2>&1; then fill grafana.conf; fi
    fill nginx.conf
    "$(nginx_program)" -t -q -e stderr -c "$GATEWAY/nginx.conf" 2>"$GATEWAY/check.log" ||
        fail "nginx does not take its configuration" "$(tail -n 1 "$GATEWAY/check.log")" "a right one" "read $GATEWAY/check.log"
}

run() { exec "$(nginx_program)" -e stderr -c "$GATEWAY/nginx.conf"; }

run-exporter() {
    exec prometheus-nginx-exporter -web.listen-address="127.0.0.1:${NGINX_EXPORTER_PORT:-9113}" \
        -nginx.scrape-uri="http://127.0.0.1:$STATUS_PORT/status" -nginx.retries=1000000
}

case ${1:-} in
    missing | configure | run | run-exporter) "$1" ;;
    *) usage "missing | configure | run | run-exporter" ;;
esac
