"""The promises of lamin_lite, as tests."""
