package org.postern.testkit;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/// Names the requirements that a test proves: rows of `docs/requirements.tsv` (`R8314-26`, `ST-1`), or sections of an
/// RFC (`RFC3501-6.3.13`). `docs/conformance.md` is generated from it.
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.TYPE, ElementType.METHOD})
public @interface Requirement {
    String[] value();
}
