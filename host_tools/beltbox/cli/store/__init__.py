"""The commands of `beltbox store`: what becomes of the store itself."""
