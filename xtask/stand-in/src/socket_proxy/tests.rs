use std::sync::mpsc::Receiver;

use super::*;

/// What `compose.yaml` gives to the proxy in front of this consumer, in a house in the usual folder.
fn environment(consumer: &str) -> Vec<(String, String)> {
    let compose: serde_yaml::Value =
        serde_yaml::from_str(include_str!("../../../../compose.yaml")).expect("fixture");
    let service = &compose["services"][format!("socket-proxy-{consumer}").as_str()];
    let pairs = service["environment"].as_mapping().expect("fixture").iter();
    let text = |it: &serde_yaml::Value| {
        homelab_core::compose::interpolate::resolve(it.as_str().expect("fixture"), &|_| None)
    };
    let text = |it| text(it).expect("fixture");
    pairs.map(|(name, value)| (text(name), text(value))).collect()
}

fn filter(consumer: &str) -> Filter {
    Filter::from_pairs(environment(consumer)).expect("fixture")
}

fn proxy(consumer: &str, from: &str, socket: PathBuf) -> Arc<Proxy> {
    let environment = environment(consumer);
    let list = environment.iter().find(|it| it.0 == "SP_ALLOWBINDMOUNTFROM");
    let binds = Binds::parse(list.map_or("", |it| &it.1)).expect("fixture");
    Arc::new(Proxy { socket, from: vec![from.to_owned()], filter: filter(consumer), binds })
}

#[track_caller]
fn check(consumer: &str, rows: &[(&str, &str, u16)]) {
    let filter = filter(consumer);
    for (method, target, status) in rows {
        let decided = filter.decide(method, target).map_or_else(|it| it.0, |_| 200);
        assert_eq!(decided, *status, "{method} {target}");
    }
}

#[test]
fn caddy_lists_containers_and_networks_and_nothing_else() {
    check(
        "caddy",
        &[
            ("GET", "/_ping", 200),
            ("HEAD", "/_ping", 200),
            ("GET", "/v1.47/containers/json?all=1", 200),
            ("GET", "/v1.47/events?filters=%7B%7D", 200),
            ("GET", "/networks", 200),
            ("GET", "/networks/", 403),
            ("GET", "/containers/abc/json", 403),
            ("GET", "/secrets", 403),
            ("HEAD", "/containers/json", 403),
            ("POST", "/containers/create", 405),
            ("DELETE", "/containers/abc", 405),
            // Lower case is another method.
            ("get", "/_ping", 405),
        ],
    );
}

#[test]
fn another_spelling_does_not_help() {
    check(
        "caddy",
        &[
            // Matched as the daemon will read it.
            ("GET", "/%5Fping", 200),
            ("GET", "/containers%2Fjson", 200),
            ("GET", "/containers/abc%2f..%2f..%2fjson", 403),
            ("GET", "/_ping/../secrets", 403),
            ("GET", "/containers/../containers/json", 403),
            ("GET", "/%2e%2e/_ping", 403),
            ("GET", "//_ping", 403),
            ("GET", "/_ping#", 403),
            ("GET", "/secrets?/_ping", 403),
            ("GET", "/secrets%3f/_ping", 403),
            ("GET", "/_ping%0a", 403),
            ("GET", "/_ping%00", 403),
            ("GET", "/_ping%zz", 400),
            ("GET", "_ping", 400),
            ("GET", "*", 400),
            ("GET", "", 400),
            // The host of the absolute form means nothing, its path everything.
            ("GET", "http://x/_ping", 200),
            ("GET", "http://_ping/secrets", 403),
            ("GET", "http://x/secrets?http://x/_ping", 403),
            ("GET", "http://x?/_ping", 400),
            ("GET", "file:///_ping", 400),
        ],
    );
}

#[test]
fn netdata_inspects_and_watchtower_replaces() {
    let inspect = ("GET", "/v1.40/containers/homelab-caddy-1/json", 200);
    check("netdata", &[inspect, ("GET", "/containers/abc/logs", 403), ("POST", "/x", 405)]);
    check(
        "watchtower",
        &[
            inspect,
            ("GET", "/images/ghcr.io/x/y:1/json", 200),
            ("POST", "/v1.40/images/create?fromImage=x", 200),
            ("POST", "/containers/abc/start", 200),
            ("POST", "/v1.24/containers/abc/start", 200),
            // Engines before 25 take binds from these.
            ("POST", "/v1.23/containers/abc/start", 403),
            ("POST", "/v1.2/containers/abc/start", 403),
            ("POST", "/containers/abc/exec", 403),
            ("POST", "/build", 403),
            ("DELETE", "/containers/abc?v=1", 200),
            ("DELETE", "/volumes/abc", 403),
            ("PUT", "/containers/abc/archive", 405),
            // Passes upstream's filter too: its pattern has `.+`. The daemon redirects.
            ("GET", "/images/../volumes/json", 200),
        ],
    );
}

#[test]
fn only_the_named_callers() {
    let from = |allowed: &str, peer: &str| {
        filter::is_from(&[allowed.to_owned()], peer.parse().expect("fixture"))
    };
    assert!(from("127.0.0.1/32", "127.0.0.1"));
    assert!(from("10.1.0.0/16", "10.1.200.3"));
    assert!(from("10.1.0.0/16", "::ffff:10.1.200.3"));
    assert!(!from("10.1.0.0/16", "10.2.0.1"));
    assert!(from("0.0.0.0/0", "10.2.0.1"));
    assert!(!from("0.0.0.0/0", "::1"));
    assert!(from("localhost", "127.0.0.1"));
    assert!(!from("localhost", "10.2.0.1"));
    assert!(!from("no-such-name.invalid", "127.0.0.1"));
}

/// A proxy for Caddy in front of a daemon that answers each connection with `answer` and tells
/// all that it read from it.
fn world(from: &str, answer: &'static [u8]) -> (TcpStream, Receiver<String>, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("fixture");
    let socket = folder.path().join("docker.sock");
    let daemon = std::os::unix::net::UnixListener::bind(&socket).expect("fixture");
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for mut stream in daemon.incoming().flatten() {
            stream.set_read_timeout(Some(Duration::from_millis(300))).expect("fixture");
            let (mut read, mut buffer) = (Vec::new(), [0; 1024]);
            while let Ok(count @ 1..) = stream.read(&mut buffer) {
                read.extend_from_slice(&buffer[..count]);
            }
            let _ = stream.write_all(answer);
            tell.send(String::from_utf8(read).expect("fixture")).expect("fixture");
        }
    });
    let proxy = proxy("watchtower", from, socket);
    let listener = TcpListener::bind("127.0.0.1:0").expect("fixture");
    let client = TcpStream::connect(listener.local_addr().expect("fixture")).expect("fixture");
    client.set_read_timeout(Some(Duration::from_secs(10))).expect("fixture");
    proxy.accept(listener);
    (client, told, folder)
}

const PONG: &[u8] = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nOK";

#[track_caller]
fn exchange(from: &str, sent: &str) -> (String, Vec<String>) {
    let (mut client, told, _folder) = world(from, PONG);
    client.write_all(sent.as_bytes()).expect("fixture");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("fixture");
    (answer, told.try_iter().collect())
}

#[test]
fn one_connection_is_one_request() {
    let first = "POST http://x/images/create?fromImage=x HTTP/1.1\r\nHost: d\r\nUpgrade: tcp\r\n\
                 Connection: keep-alive, content-length\r\nContent-Length: 4\r\n\r\nbody";
    let second = "POST /build HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n";
    let (answer, told) = exchange("127.0.0.1/32", &format!("{first}{second}"));
    assert!(answer.ends_with("\r\n\r\nOK"), "{answer}");
    let expected = "POST /images/create?fromImage=x HTTP/1.1\r\nhost: d\r\ncontent-length: 4\r\n\
                    connection: close\r\n\r\nbody";
    assert_eq!(told, [expected]);
}

#[test]
fn a_chunked_body_ends_with_its_last_chunk() {
    let sent = "POST /images/create HTTP/1.1\r\nHost: d\r\nTransfer-Encoding: chunked\r\n\r\n\
                4;x=y\r\nbody\r\n0\r\nX-Trailer: 1\r\n\r\nPOST /build HTTP/1.1\r\n\r\n";
    let (_, told) = exchange("127.0.0.1/32", sent);
    let expected = "POST /images/create HTTP/1.1\r\nhost: d\r\ntransfer-encoding: chunked\r\n\
                    connection: close\r\n\r\n4\r\nbody\r\n0\r\n\r\n";
    assert_eq!(told, [expected]);
}

#[test]
fn what_creates_a_container_is_read_before_it_goes_on() {
    let head = "POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\n";
    let mounts = |source: &str| {
        let mount = format!(r#"{{"Type":"bind","Source":"{source}","Target":"/x"}}"#);
        format!(r#"{{"Image":"x","HostConfig":{{"Binds":null,"Mounts":[{mount}]}}}}"#)
    };
    let whole = |body: &str| format!("{head}Content-Length: {}\r\n\r\n{body}", body.len());
    let body = mounts("/srv/homelab/config/homer");
    let (one, two) = body.split_at(9);
    let rest = two.len();
    let chunks = format!(
        "{head}Transfer-Encoding: chunked\r\n\r\n9\r\n{one}\r\n{rest:x}\r\n{two}\r\n0\r\n\r\n"
    );
    for sent in [whole(&body), chunks] {
        let (answer, told) = exchange("127.0.0.1/32", &sent);
        assert!(answer.ends_with("\r\n\r\nOK"), "{answer}");
        let [told] = told.as_slice() else { panic!("one request: {told:?}") };
        assert!(told.ends_with(&format!("connection: close\r\n\r\n{body}")), "{told}");
        assert!(told.contains(&format!("content-length: {}\r\n", body.len())), "{told}");
    }
    let secrets = mounts("/srv/homelab/config/homer/../../secrets");
    for body in ["", "{", &mounts("/"), &secrets] {
        let (answer, told) = exchange("127.0.0.1/32", &whole(body));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{body}: {answer}");
        assert_eq!(told, [""; 0], "{body}");
    }
}

#[test]
fn what_is_refused_never_reaches_the_daemon() {
    let head = |line: &str| format!("{line} HTTP/1.1\r\nHost: d\r\n");
    let both = "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n";
    for (from, sent, status) in [
        ("10.0.0.0/8", head("GET /_ping"), 403),
        ("127.0.0.1/32", head("GET /secrets"), 403),
        ("127.0.0.1/32", head("PATCH /_ping"), 405),
        ("127.0.0.1/32", head("POST /containers/create") + both, 400),
        ("127.0.0.1/32", head("GET /_ping") + "Content-Length: +1\r\n", 400),
    ] {
        let (answer, told) = exchange(from, &format!("{sent}\r\n"));
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{sent}: {answer}");
        assert_eq!(told, [""; 0], "{sent}");
    }
}

#[test]
fn an_answer_flows_before_it_ends_and_a_client_may_leave() {
    let folder = tempfile::tempdir().expect("fixture");
    let socket = folder.path().join("docker.sock");
    let daemon = std::os::unix::net::UnixListener::bind(&socket).expect("fixture");
    let proxy = proxy("caddy", "localhost", socket);
    let listener = TcpListener::bind("127.0.0.1:0").expect("fixture");
    let mut client = TcpStream::connect(listener.local_addr().expect("fixture")).expect("fixture");
    proxy.accept(listener);

    client.write_all(b"GET /v1.47/events HTTP/1.1\r\nHost: d\r\n\r\n").expect("fixture");
    let mut stream = daemon.accept().expect("fixture").0;
    http::read_request(&mut stream).expect("fixture");
    for event in [b"one", b"two"] {
        stream.write_all(event).expect("fixture");
        let mut read = [0; 3];
        client.read_exact(&mut read).expect("fixture");
        assert_eq!(&read, event);
    }
    drop(client);
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("fixture");
    assert_eq!(
        stream.read(&mut [0; 1]).expect("fixture"),
        0,
        "the daemon sees that the client left"
    );
}

#[test]
fn a_socket_that_is_away_is_a_502() {
    let (mut client, told, folder) = world("127.0.0.1/32", PONG);
    std::fs::remove_file(folder.path().join("docker.sock")).expect("fixture");
    client.write_all(b"GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n").expect("fixture");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("fixture");
    assert!(answer.starts_with("HTTP/1.1 502 "), "{answer}");
    assert_eq!(told.try_iter().count(), 0);
}
