//! HTTP (SoftAP) transport for espprov
