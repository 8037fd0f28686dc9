//! Reading an enum from an object whose first key is the tag, straight into the variant.
//!
//! Does not know which enum it reads, nor from what. The `tag` of serde would put a copy of the whole object aside before it looks at any of it.

use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::{Map, Value};

/// A deserializer for an enum whose variants stand beside their tag, in the same object.
pub(super) struct Tagged<D> {
    pub(super) tag: &'static str,
    pub(super) inner: D,
}

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Tagged<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.inner.deserialize_map(Object { tag: self.tag, visitor })
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct newtype_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The object as a whole.
struct Object<V> {
    tag: &'static str,
    visitor: V,
}

impl<'de, V: Visitor<'de>> Visitor<'de> for Object<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with `{}`", self.tag)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<V::Value, A::Error> {
        match entries.next_key_seed(KeySeed(self.tag))? {
            None => Err(A::Error::missing_field(self.tag)),
            Some(Key::Tag) => self.visitor.visit_enum(Variant(entries)),
            Some(Key::Other(first)) => {
                let mut others = Map::from_iter([(first, entries.next_value()?)]);
                while let Some((key, value)) = entries.next_entry()? {
                    if others.contains_key(&key) {
                        return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
                    }
                    others.insert(key, value);
                }
                self.visit_late(others).map_err(A::Error::custom)
            }
        }
    }
}

impl<'de, V: Visitor<'de>> Object<V> {
    /// Takes an object that begins with something else.
    fn visit_late(self, mut others: Map<String, Value>) -> Result<V::Value, serde_json::Error> {
        let Some(tag) = others.shift_remove(self.tag) else {
            return Err(serde_json::Error::missing_field(self.tag));
        };
        let mut entries = Map::from_iter([(self.tag.to_owned(), tag)]);
        entries.append(&mut others);
        Value::Object(entries).deserialize_map(self)
    }
}

/// A key of the object.
enum Key {
    Tag,
    Other(String),
}

struct KeySeed(&'static str);

impl<'de> DeserializeSeed<'de> for KeySeed {
    type Value = Key;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Key, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for KeySeed {
    type Value = Key;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Key, E> {
        Ok(if key == self.0 { Key::Tag } else { Key::Other(key.to_owned()) })
    }
}

/// What comes after the key of the tag.
struct Variant<A>(A);

impl<'de, A: MapAccess<'de>> EnumAccess<'de> for Variant<A> {
    type Error = A::Error;
    type Variant = Self;

    fn variant_seed<S: DeserializeSeed<'de>>(
        mut self,
        seed: S,
    ) -> Result<(S::Value, Self), A::Error> {
        Ok((self.0.next_value_seed(seed)?, self))
    }
}

impl<'de, A: MapAccess<'de>> VariantAccess<'de> for Variant<A> {
    type Error = A::Error;

    fn unit_variant(mut self) -> Result<(), A::Error> {
        while self.0.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn newtype_variant_seed<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, A::Error> {
        seed.deserialize(MapAccessDeserializer::new(self.0))
    }

    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, A::Error> {
        visitor.visit_map(self.0)
    }
}

#[cfg(test)]
mod tests {
    use crate::core::record::Record;

    const ENDED: &str = r#"{"event":"task_ended","task":"a","outcome":"failed","reason":"x"}"#;

    fn error(text: &str) -> String {
        serde_json::from_str::<Record>(text).expect_err("it is none").to_string()
    }

    #[test]
    fn the_tag_may_stand_anywhere() {
        let first: Record = serde_json::from_str(ENDED).expect("it is one");
        let late = r#"{"seq":7,"task":"a","reason":"x","event":"task_ended","outcome":"failed"}"#;
        assert_eq!(serde_json::from_str::<Record>(late).expect("it is one"), first);
        let value = serde_json::from_str::<serde_json::Value>(ENDED).expect("it is an object");
        assert_eq!(serde_json::from_value::<Record>(value).expect("it is one"), first);
    }

    #[test]
    fn keys_that_are_not_known_are_passed_over() {
        let more = ENDED.replace(r#","task""#, r#","later":{"x":[1]},"task""#);
        let first: Record = serde_json::from_str(ENDED).expect("it is one");
        assert_eq!(serde_json::from_str::<Record>(&more).expect("it is one"), first);
        // Another tag is no more than a key that is not known.
        let again = ENDED.replace(r#","task""#, r#","event":"closed","task""#);
        assert_eq!(serde_json::from_str::<Record>(&again).expect("it is one"), first);
    }

    #[test]
    fn what_is_no_record_is_told() {
        for (text, expected) in [
            ("{}", "missing field `event`"),
            (r#"{"task":"a"}"#, "missing field `event`"),
            (r#"{"task":"a","task":"b","event":"task_ended"}"#, "duplicate field `task`"),
            (r#"{"event":"taks_ended","task":"a"}"#, "unknown variant `taks_ended`"),
            (r#"{"task":"a","event":"taks_ended"}"#, "unknown variant `taks_ended`"),
            (r#"{"event":"task_ended","task":"a"}"#, "missing field `outcome`"),
            (r#"{"event":"opened","run":"a"}"#, "missing field `runbook`"),
            ("[]", "an object with `event`"),
        ] {
            let told = error(text);
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
