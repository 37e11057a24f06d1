//! What is known of the image of Gluetun.

use homelab_core::prelude::*;

/// Facts: `Dockerfile`, README, `cmd/gluetun/main.go`, `internal/configuration`, `internal/alpine`,
/// `internal/openvpn` and `internal/server` at 7f22fb32 (v3.41.1) and b1193252.
///
/// Which variables it needs depends on the provider and the kind of VPN, so they are unknown here. A
/// secret can also come from a file of its name in small letters in `/run/secrets`. It needs
/// `NET_ADMIN` and `/dev/net/tun`.
pub(super) fn contract() -> Contract {
    let by = read("https://github.com/qdm12/gluetun");
    Contract {
        tags: Tags::between("3.41", "4"),
        kind: by.is(ImageKind::Agent),
        // Inferred: no user is set on Alpine's image.
        user: by.is(0),
        capabilities: by.all([Capability::NetAdmin]),
        // The control server; the proxy and Shadowsocks, which are off by default.
        ports: by.all([Port::new(8000), Port::new(8888), Port::new(8388), Port::udp(8388)]),
        data: by.all(["/gluetun"]),
        // It adds the user of `PUID` to a file in `/etc`. What iptables writes was not read.
        writes: by.all(["/etc/openvpn", "/etc/passwd", "/tmp/gluetun"]),
        ships_health: by.is(true),
        file_variables: by.is("*_SECRETFILE".to_owned()),
        secrets: by.all([
            SecretKey::or_file("OPENVPN_USER").given(),
            SecretKey::or_file("OPENVPN_PASSWORD").given(),
            // The file is that of `OPENVPN_CLIENTKEY_SECRETFILE`.
            SecretKey::plain("OPENVPN_KEY").given(),
            SecretKey::or_file("OPENVPN_ENCRYPTED_KEY").given(),
            SecretKey::or_file("OPENVPN_KEY_PASSPHRASE").given(),
            SecretKey::or_file("WIREGUARD_PRIVATE_KEY").given(),
            SecretKey::or_file("WIREGUARD_PRESHARED_KEY").given(),
            // Both are part of the file of `AMNEZIAWG_CONF_SECRETFILE`.
            SecretKey::plain("AMNEZIAWG_PRIVATE_KEY").given(),
            SecretKey::plain("AMNEZIAWG_PRESHARED_KEY").given(),
            SecretKey::or_file("VPN_PORT_FORWARDING_PASSWORD").given(),
            SecretKey::or_file("UPDATER_PROTONVPN_PASSWORD").given(),
            SecretKey::or_file("PUBLICIP_API_TOKEN").given(),
            SecretKey::or_file("HTTPPROXY_PASSWORD"),
            SecretKey::or_file("SHADOWSOCKS_PASSWORD"),
            // JSON with the key of the control server in it.
            SecretKey::or_file("HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE").given(),
        ]),
        // The control server is for programs.
        panel: by.none(),
        egress: by.is(Egress::required("it connects to a server of the VPN's provider")),
        peers: by.none(),
        ..Contract::of("qmcgaw/gluetun")
    }
}
