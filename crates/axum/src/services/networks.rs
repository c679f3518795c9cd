//! The networks by which clients are counted.
//!
//! An IPv4 address is one subscriber, or many who share it. In IPv6 a subscriber has at least a
//! network of 64 bits, in which it can take any address; a home often has 56 bits, and a site 48
//! (RFC 6177 §2), so whoever is counted by 64 bits alone counts for nothing with 256 or 65,536 of
//! them. A mobile network, on the other hand, gives 64 bits of one 48 to each of its customers.
//! Therefore all three are counted, and the wider ones have larger shares.

use std::net::{IpAddr, Ipv6Addr};

/// How many levels there are.
pub const LEVELS: usize = 3;
const BITS: [u32; LEVELS] = [64, 56, 48];

/// A network: its lowest address. The levels are counted apart, so its length is not needed.
pub type Network = IpAddr;

/// The networks that an address is in, the narrowest first: three for IPv6, one for IPv4.
pub fn networks(address: IpAddr) -> impl Iterator<Item = Network> {
    let found = match address.to_canonical() {
        address @ IpAddr::V4(_) => [Some(address), None, None],
        IpAddr::V6(address) => BITS.map(|bits| Some(network(address, bits))),
    };
    found.into_iter().flatten()
}

fn network(address: Ipv6Addr, bits: u32) -> IpAddr {
    Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << (128 - bits))).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Vec<String> {
        let address = address.parse().expect("an address");
        networks(address)
            .map(|network| network.to_string())
            .collect()
    }

    #[test]
    fn an_address_is_counted_by_every_network_that_one_subscriber_may_have() {
        assert_eq!(of("192.0.2.7"), ["192.0.2.7"]);
        assert_eq!(of("::ffff:192.0.2.7"), ["192.0.2.7"]);
        assert_eq!(
            of("2001:db8:1:2345:6:7:8:9"),
            ["2001:db8:1:2345::", "2001:db8:1:2300::", "2001:db8:1::"]
        );
    }
}
