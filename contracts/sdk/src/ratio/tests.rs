use super::*;
use proptest::prelude::*;

fn ratio() -> impl Strategy<Value = Ratio> {
    let small = (-40i64..40, 1i64..40).prop_map(|(n, d)| Ratio::new(n, d).unwrap());
    let large = (any::<i64>(), 1i64..).prop_map(|(n, d)| Ratio::new(n, d).unwrap());
    let huge = (large.clone(), large.clone()).prop_map(|(a, b)| a.times(&b).unwrap().times(&a).unwrap());
    prop_oneof![small, large, huge]
}

proptest! {
    #[test]
    fn ratios_are_a_field(a in ratio(), b in ratio(), c in ratio()) {
        let (zero, one) = (Ratio::ZERO, Ratio::ONE);
        prop_assert_eq!(a.plus(&b)?, b.plus(&a)?);
        prop_assert_eq!(a.times(&b)?, b.times(&a)?);
        prop_assert_eq!(a.plus(&b)?.plus(&c)?, a.plus(&b.plus(&c)?)?);
        prop_assert_eq!(a.times(&b)?.times(&c)?, a.times(&b.times(&c)?)?);
        prop_assert_eq!(a.times(&b.plus(&c)?)?, a.times(&b)?.plus(&a.times(&c)?)?);
        prop_assert_eq!(a.plus(&zero)?, a.clone());
        prop_assert_eq!(a.times(&one)?, a.clone());
        prop_assert_eq!(a.minus(&a)?, zero);
        if !b.is_zero() {
            prop_assert_eq!(a.over(&b)?.times(&b)?, a.clone());
        }
    }

    #[test]
    fn order_is_that_of_differences(a in ratio(), b in ratio()) {
        let difference = a.minus(&b)?;
        prop_assert_eq!(a < b, difference.is_negative());
        prop_assert_eq!(a == b, difference.is_zero());
    }

    #[test]
    fn a_decimal_is_itself_as_a_ratio(mantissa: i128, scale in 0u8..=18) {
        let decimal = Decimal::new(mantissa / 1000, scale).unwrap();
        prop_assert_eq!(Ratio::from(decimal).to_decimal(), Some(decimal));
    }
}

#[test]
fn one_number_has_one_form() {
    let big = Ratio::from(i64::MIN).times(&Ratio::from(i64::MIN)).unwrap();
    assert!(matches!(big.0, Big(_)));
    assert_eq!(big.over(&big).unwrap(), Ratio::ONE);
    assert_eq!(big.over(&Ratio::from(i64::MIN)).unwrap(), Ratio::from(i64::MIN));
    assert_eq!(Ratio::from(i64::MIN).negated().negated(), Ratio::from(i64::MIN));
    assert_eq!(Ratio::new(6, -4).unwrap(), Ratio::new(-3, 2).unwrap());
    assert_eq!(
        [big.bits(), Ratio::from(i64::MIN).bits(), Ratio::new(3, 8).unwrap().bits(), Ratio::ZERO.bits()],
        [127, 64, 4, 1]
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let mut number = Ratio::new(i64::MAX, 2).unwrap();
    let refusal = loop {
        match number.times(&number) {
            Ok(square) => number = square,
            Err(refusal) => break refusal,
        }
    };
    assert_eq!((refusal.code, refusal.rule.as_str()), (Code::OutOfRange, "overflow"));
    assert_eq!(Ratio::ONE.over(&Ratio::ZERO).unwrap_err().rule, "ratio");
    assert_eq!(Ratio::new(1, 0).unwrap_err().rule, "ratio");
}

#[test]
fn only_some_ratios_are_decimals() {
    let shown = |n, d| Ratio::new(n, d).unwrap().to_decimal().map(|d| d.to_string());
    assert_eq!(shown(1, 8).as_deref(), Some("0.125"));
    assert_eq!(shown(-7, 20).as_deref(), Some("-0.35"));
    assert_eq!(shown(1, 3), None);
    assert_eq!(shown(1, 1 << 18).as_deref(), Some("0.000003814697265625"));
    assert_eq!(shown(1, 1 << 19), None);
}
