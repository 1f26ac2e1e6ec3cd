"""Services that tests start beside the platform: on free ports, in folders of their own, ended with the test."""
