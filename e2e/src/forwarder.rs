//! The way from this machine to the API server in its own network: a port of the loopback, and a unix socket, which exists in
//! every network, between the two.

use crate::control_plane::Endpoints;
use crate::processes::{Place, Processes};
use crate::state::State;
use anyhow::{Context, Result};
use camino::Utf8Path;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

/// A port of the loopback that nobody has.
pub(crate) fn free_port() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("cannot listen on the loopback")?;
    listener.local_addr().context("cannot tell which port is free")
}

/// Starts both halves. `inside` is the control plane's place; the other half is in its cgroup too, so that it ends with it.
pub(crate) fn start(state: &State, processes: &mut Processes, endpoints: Endpoints, inside: &Place) -> Result<()> {
    let socket = state.folder().join("api.sock");
    let socat = Utf8Path::new("socat");
    let listen = format!("UNIX-LISTEN:{socket},fork,mode=600");
    let server = format!("TCP:{}", endpoints.api);
    processes.start("forwarder-inside", inside, socat, &[listen, server])?;
    let outside = Place {
        network: None,
        cgroup: inside.cgroup.clone(),
    };
    let (address, port) = (endpoints.outside.ip(), endpoints.outside.port());
    let listen = format!("TCP-LISTEN:{port},bind={address},fork,reuseaddr,nodelay");
    let server = format!("UNIX-CONNECT:{socket}");
    processes.start("forwarder", &outside, socat, &[listen, server])
}
