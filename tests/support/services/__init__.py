"""Services that tests start next to the platform: on free ports, in folders of their own, ended with the test."""
