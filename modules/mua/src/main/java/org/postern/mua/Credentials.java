package org.postern.mua;

/// A name and a password. The password is in no text that this class makes.
public record Credentials(String user, char[] password) {
    public Credentials {
        if (user.isEmpty() || user.indexOf('\0') >= 0 || new String(password).indexOf('\0') >= 0) {
            throw new IllegalArgumentException("name and password hold no NUL, and the name is not empty");
        }
        password = password.clone();
    }

    @Override
    public char[] password() {
        return password.clone();
    }

    Credentials withUser(String other) {
        return new Credentials(other, password);
    }

    @Override
    public String toString() {
        return user;
    }
}
