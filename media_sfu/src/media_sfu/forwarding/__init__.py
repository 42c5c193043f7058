"""One picture to many viewers: numbered and put into bytes once, then only encrypted and sent."""
