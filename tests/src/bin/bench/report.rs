use std::time::Instant;

/// Figures by name, shown as they come. Floats are for people here; nothing on the ledger is one.
#[derive(Default)]
pub struct Report(Vec<(String, f64)>);

impl Report {
    pub fn add(&mut self, name: &str, value: f64) {
        println!("{name:<48} {value:>14.3}");
        self.0.push((name.into(), value));
    }

    pub fn value(&self, name: &str) -> f64 {
        self.0.iter().find(|(n, _)| n == name).map_or(f64::NAN, |(_, v)| *v)
    }

    pub fn save(&self) {
        let path = std::env::current_exe().expect("a path").with_file_name("bench.json");
        let json: serde_json::Map<String, serde_json::Value> =
            self.0.iter().map(|(n, v)| (n.clone(), (*v).into())).collect();
        std::fs::write(&path, serde_json::to_vec_pretty(&json).expect("JSON")).expect("a file");
        println!("as JSON: {}", path.display());
    }
}

/// Seconds of one round of `f`, the best of several.
pub fn best(rounds: usize, mut f: impl FnMut()) -> f64 {
    let one = |f: &mut dyn FnMut()| {
        let began = Instant::now();
        f();
        began.elapsed().as_secs_f64()
    };
    (0..rounds).map(|_| one(&mut f)).fold(f64::MAX, f64::min)
}
