"""The read part of CKAN's action API, for the many tools that know how to talk to CKAN."""
