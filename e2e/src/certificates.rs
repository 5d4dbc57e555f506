//! Who the API server is, and whom it believes: an authority of the cluster's own, the server's certificate, the key of service
//! accounts, and a token for each of the cluster's parts.

use crate::command::{command, run};
use crate::state::State;
use anyhow::{Context, Result};
use camino::Utf8PathBuf;
use std::fmt::Write as _;
use std::fs;

/// `openssl` adds to a certificate what the machine's own settings say, unless it is given settings without any.
const NO_SETTINGS: &str = "[req]\ndistinguished_name = name\n[name]\n";
/// Longer than any cluster of ours lives.
const DAYS: &str = "30";

/// The files.
pub(crate) struct Certificates {
    folder: Utf8PathBuf,
}

/// Who speaks to the API server.
#[derive(Clone, Debug)]
pub(crate) struct User {
    name: String,
    group: &'static str,
    token: String,
}

/// May do everything.
const MASTERS: &str = "system:masters";
/// May do what a kubelet must.
const NODES: &str = "system:nodes";

impl User {
    /// The person, or the test.
    pub(crate) fn admin() -> Result<Self> {
        Self::new("admin", MASTERS)
    }

    /// A part of the cluster. It may do everything, under its own name, so that the audit log tells who did what.
    pub(crate) fn component(name: &str) -> Result<Self> {
        Self::new(&format!("system:{name}"), MASTERS)
    }

    /// The kubelet of a node, as real ones are: it sees what its own pods need.
    pub(crate) fn node(name: &str) -> Result<Self> {
        Self::new(&format!("system:node:{name}"), NODES)
    }

    fn new(name: &str, group: &'static str) -> Result<Self> {
        let random = "/proc/sys/kernel/random/uuid";
        let token = fs::read_to_string(random).with_context(|| format!("cannot read {random}"))?;
        Ok(Self {
            name: name.to_owned(),
            group,
            token: token.trim().to_owned(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }
}

impl Certificates {
    /// Makes all of them. The server's certificate is good for `addresses` and for the names that pods and people use.
    pub(crate) fn create(state: &State, addresses: &[String], users: &[&User]) -> Result<Self> {
        let certificates = Self {
            folder: state.certificates(),
        };
        let settings = state.write(certificates.folder.join("openssl.cnf"), NO_SETTINGS)?;
        let new = [
            "req",
            "-x509",
            "-config",
            settings.as_str(),
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            DAYS,
        ];
        let authority = [
            "-subj",
            "/CN=trainyard-e2e",
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign",
            "-keyout",
            certificates.authority_key().as_str(),
            "-out",
            certificates.authority().as_str(),
        ]
        .map(str::to_owned);
        run(command("openssl", new).args(authority))?;
        let names = [
            "kubernetes",
            "kubernetes.default",
            "kubernetes.default.svc",
            "localhost",
        ]
        .map(|name| format!("DNS:{name}"));
        let addresses = addresses.iter().map(|address| format!("IP:{address}"));
        let all: Vec<_> = names.into_iter().chain(addresses).collect();
        let server = [
            "-subj",
            "/CN=kube-apiserver",
            "-addext",
            "basicConstraints=critical,CA:FALSE",
            "-addext",
            "extendedKeyUsage=serverAuth",
            "-addext",
            &format!("subjectAltName={}", all.join(",")),
            "-CA",
            certificates.authority().as_str(),
            "-CAkey",
            certificates.authority_key().as_str(),
            "-keyout",
            certificates.server_key().as_str(),
            "-out",
            certificates.server().as_str(),
        ]
        .map(str::to_owned);
        run(command("openssl", new).args(server))?;
        let accounts = [
            "genpkey",
            "-algorithm",
            "EC",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-out",
        ];
        run(command("openssl", accounts).arg(certificates.service_accounts_key()))?;
        let public = [
            "pkey",
            "-pubout",
            "-in",
            certificates.service_accounts_key().as_str(),
            "-out",
        ]
        .map(str::to_owned);
        run(command("openssl", public).arg(certificates.service_accounts_public_key()))?;
        let tokens = users.iter().fold(String::new(), |mut text, user| {
            let User { name, group, token } = user;
            let _ = writeln!(text, "{token},{name},{name},\"{group}\"");
            text
        });
        state.write(certificates.tokens(), tokens)?;
        Ok(certificates)
    }

    /// The certificate of the authority that signed the server's.
    pub(crate) fn authority(&self) -> Utf8PathBuf {
        self.folder.join("authority.crt")
    }

    fn authority_key(&self) -> Utf8PathBuf {
        self.folder.join("authority.key")
    }

    pub(crate) fn server(&self) -> Utf8PathBuf {
        self.folder.join("server.crt")
    }

    pub(crate) fn server_key(&self) -> Utf8PathBuf {
        self.folder.join("server.key")
    }

    /// Signs the tokens of service accounts.
    pub(crate) fn service_accounts_key(&self) -> Utf8PathBuf {
        self.folder.join("service-accounts.key")
    }

    /// Checks them.
    pub(crate) fn service_accounts_public_key(&self) -> Utf8PathBuf {
        self.folder.join("service-accounts.pub")
    }

    /// A line a user: token, name, number, groups.
    pub(crate) fn tokens(&self) -> Utf8PathBuf {
        self.folder.join("tokens.csv")
    }
}
