//! What a host that is deployed to has besides its engine: `homelab`, a user, `sudo`, a real SSH
//! server, and `/srv/homelab`.
//!
//! All of it is in the lane's own root: the machine has no part in it.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, bail};

use crate::run::{self, output, program};
use crate::world::LAN_ADDRESS;

/// Where deploys go to, as on any host.
pub(crate) const HOUSE: &str = "/srv/homelab";

/// The lane's own files, in its own `/run`.
pub(super) const FOLDER: &str = "/run/lane";

/// Programs that `sudo` finds before all others.
pub(super) const FIRST_ON_PATH: &str = "/run/lane/bin";

/// `homelab`, as `docs/runbooks` installs it.
pub(super) const HOMELAB: &str = "/usr/local/bin/homelab";

/// Who may deploy: in no group but its own.
pub(super) const USER: &str = "deploy";
/// The runbook's: no image and no `useradd` takes it.
const ID: u32 = 70_022;

/// Not 22, so that `--port` is needed.
pub(super) const PORT: u16 = 2222;

/// The SSH server.
#[derive(Debug)]
pub(super) struct Door {
    child: Child,
}

/// Gives the lane's host everything that such a host has; the house's folder is empty.
pub(crate) fn furnish(slot: &Path, homelab: &Path) -> anyhow::Result<()> {
    for name in ["bin", "keys", "deploy/.ssh"] {
        fs::create_dir_all(Path::new(FOLDER).join(name))?;
    }
    let (id, home) = (ID.to_string(), format!("{FOLDER}/deploy"));
    let words = ["--uid", &id, "--user-group", "--no-create-home", "--home-dir", &home];
    output(program("useradd", &words).args(["--shell", "/bin/sh"]).args([
        // No password fits; without this the account counts as locked, and no key does either.
        "--password",
        "*",
        USER,
    ]))?;
    let rule = format!(
        "Defaults:{USER} secure_path=\"{FIRST_ON_PATH}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\"\n\
         {USER} ALL=(root) NOPASSWD: {HOMELAB} receive --house /srv/homelab *\n"
    );
    private(Path::new("/etc/sudoers.d/homelab"), &rule)?;
    fs::copy(homelab, HOMELAB)?;
    let house = slot.join("house");
    if house.exists() {
        fs::remove_dir_all(&house)?;
    }
    fs::create_dir_all(&house)?;
    fs::create_dir_all(HOUSE)?;
    output(program("mount", &["--bind"]).arg(&house).arg(HOUSE))?;
    // Root finds Compose there, also through `sudo`, which drops every variable.
    symlink(slot.join("docker"), "/root/.docker")?;
    Ok(())
}

fn private(path: &Path, text: &str) -> anyhow::Result<()> {
    fs::write(path, text)?;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o440))?)
}

/// A key made for the test, by name.
pub(super) fn key(name: &str) -> PathBuf {
    Path::new(FOLDER).join("keys").join(name)
}

impl Door {
    /// Makes the keys, lets the key `deploy` do what its forced command does, and listens.
    pub(super) fn open(slot: &Path) -> anyhow::Result<Self> {
        for name in ["host", "deploy", "stranger"] {
            let mut keygen = program("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", name]);
            output(keygen.arg("-f").arg(key(name)))?;
        }
        let public = fs::read_to_string(key("deploy.pub"))?;
        let home = Path::new(FOLDER).join("deploy");
        let line = format!("restrict,command=\"{HOMELAB} receive\" {public}");
        // Home, folder and file are root's: their user reads them and changes nothing.
        let keys = home.join(".ssh/authorized_keys");
        fs::write(&keys, line)?;
        fs::set_permissions(&keys, fs::Permissions::from_mode(0o644))?;
        let text = format!(
            "ListenAddress {LAN_ADDRESS}:{PORT}\nHostKey {}\nPidFile none\nUsePAM no\n\
             PasswordAuthentication no\nKbdInteractiveAuthentication no\nStrictModes yes\n\
             AuthorizedKeysFile .ssh/authorized_keys\nSubsystem sftp internal-sftp\nLogLevel VERBOSE\n",
            key("host").display()
        );
        fs::write(config(), text)?;
        Ok(Self { child: serve(slot)? })
    }

    /// Starts the server after it was ended.
    pub(super) fn open_again(&mut self, slot: &Path) -> anyhow::Result<()> {
        self.child = serve(slot)?;
        Ok(())
    }

    /// Ends the server; sessions live on, as processes of their own.
    pub(super) fn close(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

/// A line of `known_hosts` for this host with one of the keys.
pub(super) fn known_host(name: &str) -> anyhow::Result<String> {
    let public = fs::read_to_string(key(&format!("{name}.pub")))?;
    let words: Vec<_> = public.split_whitespace().take(2).collect();
    Ok(format!("[{LAN_ADDRESS}]:{PORT} {}\n", words.join(" ")))
}

/// Where the SSH server's settings lie.
fn config() -> PathBuf {
    Path::new(FOLDER).join("sshd_config")
}

/// Runs the SSH server until it answers.
fn serve(slot: &Path) -> anyhow::Result<Child> {
    let log = fs::OpenOptions::new().create(true).append(true).open(slot.join("sshd.log"))?;
    // It starts itself anew for each connection: by its whole path.
    let sshd = output(&mut program("sh", &["-c", "command -v sshd"]))?;
    let mut command = Command::new(sshd.trim());
    command.args(["-D", "-e", "-f"]).arg(config()).stdin(Stdio::null());
    let child = command.stdout(log.try_clone()?).stderr(log).spawn();
    let mut child = child.context("cannot run sshd")?;
    run::until(Duration::from_secs(10), || {
        if let Some(status) = child.try_wait()? {
            bail!("sshd ended with {status}, see {}/sshd.log", slot.display());
        }
        Ok(std::net::TcpStream::connect((LAN_ADDRESS, PORT))?)
    })?;
    Ok(child)
}
