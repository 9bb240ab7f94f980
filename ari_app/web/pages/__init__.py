"""What people see and send, one module per subject. Who may come here is said in `web.routes`."""
